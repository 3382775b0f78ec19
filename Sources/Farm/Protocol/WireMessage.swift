/// Something that travels inside messages.
package protocol WireValue: Sendable {
  /// Reads it; `field` is its name for errors.
  init(from reader: inout BincodeReader, _ field: String) throws(MalformedMessage)
  func write(to writer: inout BincodeWriter)
}

/// The whole body of a request or an answer.
package protocol WireMessage: Sendable {
  init(from reader: inout BincodeReader) throws(MalformedMessage)
  func write(to writer: inout BincodeWriter)
}

/// The body of an answer, which also has a JSON form for those who ask for it.
package protocol WireAnswer: WireMessage {
  /// As serde writes it: enumerations tagged from outside, bytes as arrays of numbers.
  var json: JSONValue { get }
}

extension WireMessage {
  /// Reads a message. What follows it is ignored, as all peers do: there is the room for extensions.
  package init(body: ArraySlice<UInt8>) throws(MalformedMessage) {
    var reader = BincodeReader(body)
    try self.init(from: &reader)
  }

  /// Reads a message; see above.
  package init(body: [UInt8]) throws(MalformedMessage) {
    try self.init(body: body[...])
  }

  /// The body in one piece.
  package var body: [UInt8] {
    var writer = BincodeWriter()
    write(to: &writer)
    return writer.bytes
  }

  /// The body in pieces, for answers that hold large files: nothing large is copied.
  package var bodyPieces: [ArraySlice<UInt8>] {
    var writer = BincodeWriter()
    write(to: &writer)
    return writer.pieces
  }
}

/// What an answer's body is written in.
package enum BodyFormat: Sendable, Equatable {
  case bincode, json

  /// By the request's `Accept` header. Only those who ask for JSON by its name get it; "*/*", which
  /// every client of the farm sends, means bincode.
  package init(accept: String?) {
    let names = (accept ?? "").lowercased().split(separator: ",").map { range in
      range.prefix { $0 != ";" }.filter { !$0.isWhitespace }
    }
    self = names.contains("application/json") ? .json : .bincode
  }

  /// The `Content-Type` of the answer.
  package var contentType: String {
    switch self {
    case .bincode: "application/octet-stream"
    case .json: "application/json; charset=utf-8"
    }
  }

  /// The answer in this format, in pieces that follow one another.
  package func pieces(of answer: some WireAnswer) -> [ArraySlice<UInt8>] {
    switch self {
    case .bincode: answer.bodyPieces
    case .json: [answer.json.bytes[...]]
    }
  }
}
