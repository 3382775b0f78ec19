// Mozilla's programs ignore what follows a message. Ours put there what the old wire has no field for:
//
//     "sccache+"                       eight bytes that no message of theirs is followed by
//     { tag: u32, value: bytes }*      up to the end of the body
//
// A tag that a reader does not know is skipped, so tags can be added; one that was given out is never
// used for anything else.

/// The fields after a message.
package struct ExtensionFields: Sendable, Hashable {
  private static let marker = Array("sccache+".utf8)
  /// More than all tags that exist; what a hostile peer can make us keep.
  private static let greatestCount = 64

  private var values: [UInt32: ArraySlice<UInt8>] = [:]

  package init() {}

  /// Nil when no extension follows.
  package init?(after reader: BincodeReader) throws(MalformedMessage) {
    let rest = reader.rest
    guard rest.starts(with: Self.marker) else { return nil }
    var fields = BincodeReader(rest.dropFirst(Self.marker.count))
    while !fields.rest.isEmpty {
      let tag = try fields.number("extension", as: UInt32.self)
      values[tag] = try fields.bytes("extension \(tag)")
      guard values.count <= Self.greatestCount else {
        throw MalformedMessage(
          field: "extension",
          reason: .tooLarge(count: UInt64(values.count), limit: Self.greatestCount))
      }
    }
  }

  package func write(to writer: inout BincodeWriter) {
    writer.putRaw(Self.marker[...])
    for (tag, value) in values.sorted(by: { $0.key < $1.key }) {
      writer.put(tag)
      writer.put(value)
    }
  }

  /// A reader of the field's value; nil when it is absent.
  package subscript(tag: UInt32) -> BincodeReader? {
    values[tag].map { BincodeReader($0) }
  }

  /// Adds a field.
  package mutating func put(_ tag: UInt32, _ write: (inout BincodeWriter) -> Void) {
    var writer = BincodeWriter()
    write(&writer)
    values[tag] = writer.bytes[...]
  }
}

/// What our servers tell with a heartbeat.
package struct HeartbeatExtras: Sendable, Hashable {
  private enum Tag {
    static let interval: UInt32 = 1
    static let freeMemory: UInt32 = 2
    static let isDraining: UInt32 = 3
    static let jobs: UInt32 = 4
    static let toolchains: UInt32 = 5
    static let jobForm: UInt32 = 6
  }

  /// How many milliseconds later the next heartbeat comes at the latest.
  package var interval: UInt64?
  /// Bytes that new jobs may take.
  package var freeMemory: UInt64?
  /// It finishes what it has and takes nothing new.
  package var isDraining: Bool
  /// The jobs that it runs, all of them: a scheduler that was restarted knows nothing else about them.
  package var jobs: [JobID]?
  /// The toolchains that it has, those used last first.
  package var toolchains: [ArchiveID]
  /// The newest form of run_job that it takes, as its number: the scheduler hands it on and needs not
  /// know the form.
  package var jobForm: UInt32

  package init(
    interval: UInt64? = nil, freeMemory: UInt64? = nil, isDraining: Bool = false,
    jobs: [JobID]? = nil, toolchains: [ArchiveID] = [], jobForm: UInt32 = 0
  ) {
    self.interval = interval
    self.freeMemory = freeMemory
    self.isDraining = isDraining
    self.jobs = jobs
    self.toolchains = toolchains
    self.jobForm = jobForm
  }

  init(_ fields: ExtensionFields) throws(MalformedMessage) {
    self.init()
    if var reader = fields[Tag.interval] { interval = try reader.number("interval") }
    if var reader = fields[Tag.freeMemory] { freeMemory = try reader.number("free_memory") }
    if var reader = fields[Tag.isDraining] { isDraining = try reader.boolean("is_draining") }
    if var reader = fields[Tag.jobs] {
      var told: [JobID] = []
      for _ in 0..<(try reader.count("jobs", minimum: 8)) {
        told.append(JobID(try reader.number("jobs")))
      }
      jobs = told
    }
    if var reader = fields[Tag.toolchains] {
      for text in try reader.texts("toolchains") {
        guard let archive = ArchiveID(text) else {
          throw MalformedMessage(field: "toolchains", reason: .notAnArchiveID)
        }
        toolchains.append(archive)
      }
    }
    if var reader = fields[Tag.jobForm] { jobForm = try reader.number("job_form") }
  }

  var fields: ExtensionFields {
    var fields = ExtensionFields()
    if let interval { fields.put(Tag.interval) { $0.put(interval) } }
    if let freeMemory { fields.put(Tag.freeMemory) { $0.put(freeMemory) } }
    if isDraining { fields.put(Tag.isDraining) { $0.put(true) } }
    if let jobs {
      fields.put(Tag.jobs) { writer in
        writer.putCount(jobs.count)
        for job in jobs { writer.put(job.number) }
      }
    }
    if !toolchains.isEmpty {
      fields.put(Tag.toolchains) { $0.put(toolchains.map(\.description)) }
    }
    if jobForm > 0 { fields.put(Tag.jobForm) { $0.put(jobForm) } }
    return fields
  }
}
