/// Elements in the order of a priority that changes: a binary heap that knows where each element is.
/// Changing a priority takes O(log n). Elements of equal priority come in an order that depends on
/// nothing but the calls made.
struct PriorityIndex<Element: Hashable, Priority: Comparable> {
  private var heap: [(element: Element, priority: Priority)] = []
  private var places: [Element: Int] = [:]

  var count: Int { heap.count }
  var isEmpty: Bool { heap.isEmpty }

  /// The element with the lowest priority.
  var first: (element: Element, priority: Priority)? { heap.first }

  subscript(element: Element) -> Priority? { places[element].map { heap[$0].priority } }

  /// Adds the element, or moves it.
  mutating func set(_ element: Element, _ priority: Priority) {
    guard let place = places[element] else {
      heap.append((element, priority))
      raise(heap.count - 1)
      return
    }
    let old = heap[place].priority
    heap[place].priority = priority
    if priority < old { raise(place) } else if old < priority { sink(place) }
  }

  mutating func remove(_ element: Element) {
    guard let place = places.removeValue(forKey: element) else { return }
    let last = heap.removeLast()
    guard place < heap.count else { return }
    let isSooner = last.priority < heap[place].priority
    heap[place] = last
    if isSooner { raise(place) } else { sink(place) }
  }

  /// Moves the element at `place` towards the front, and notes where it ends.
  private mutating func raise(_ place: Int) {
    let moving = heap[place]
    var place = place
    while place > 0 {
      let parent = (place - 1) / 2
      guard moving.priority < heap[parent].priority else { break }
      put(heap[parent], at: place)
      place = parent
    }
    put(moving, at: place)
  }

  /// Moves the element at `place` towards the end, and notes where it ends.
  private mutating func sink(_ place: Int) {
    let moving = heap[place]
    var place = place
    while true {
      var child = 2 * place + 1
      guard child < heap.count else { break }
      if child + 1 < heap.count, heap[child + 1].priority < heap[child].priority { child += 1 }
      guard heap[child].priority < moving.priority else { break }
      put(heap[child], at: place)
      place = child
    }
    put(moving, at: place)
  }

  private mutating func put(_ item: (element: Element, priority: Priority), at place: Int) {
    heap[place] = item
    places[item.element] = place
  }
}

extension PriorityIndex: Sendable where Element: Sendable, Priority: Sendable {}
