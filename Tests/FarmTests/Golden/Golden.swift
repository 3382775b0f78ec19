import Testing

@testable import Farm

/// What Mozilla's programs said to each other.
enum Golden {
  /// The body with this name.
  static func body(_ name: String) throws -> [UInt8] {
    let text = try #require(messages[name] ?? jobRequests[name] ?? jobAnswers[name])
    return try #require(Base64URL.decode(text.filter { !$0.isWhitespace }))
  }

  /// The names with this text between number and variant: "run_job", "alloc_job".
  static func names(of call: String, _ direction: String) -> [String] {
    (Array(messages.keys) + jobRequests.keys + jobAnswers.keys).filter { name in
      let parts = name.dropFirst(3).split(separator: ".")
      return parts[0].split(separator: "~")[0].hasPrefix(call) && parts[1] == direction
    }.sorted()
  }
}
