#if S3
  import Platform
  import Settings

  /// What requests to Amazon, and to what speaks like it, are signed with.
  struct AWSKeys: Sendable, Equatable {
    var id: String
    var secret: Secret
    /// Of those that end.
    var token: Secret?

    typealias Granted = CredentialCache<AWSKeys>.Granted

    /// As the metadata of instances and containers give them:
    /// `{"AccessKeyId": …, "SecretAccessKey": …, "Token": …, "Expiration": …}`.
    static func granted(json text: String, subject: String) throws(BlobFailure) -> Granted {
      guard let table = try? JSONDocument.parse(text) else {
        throw .failed("\(subject): the answer is no JSON object")
      }
      if case .string(let code) = table["Code"], code != "Success" {
        throw .failed("\(subject): there are no credentials at this time")
      }
      func string(_ name: String) -> String? {
        if case .string(let value) = table[name] { value } else { nil }
      }
      return try granted(subject) { string($0 == "SessionToken" ? "Token" : $0) }
    }

    /// As the security token service gives them: the same names as elements.
    static func granted(xml text: String, subject: String) throws(BlobFailure) -> Granted {
      try granted(subject) { element($0, in: text) }
    }

    /// From the values of `AccessKeyId` and its like, as different services write them.
    static func granted(
      _ subject: String, _ value: (String) -> String?
    ) throws(BlobFailure) -> Granted {
      guard let id = value("AccessKeyId"), let secret = value("SecretAccessKey"),
        !id.isEmpty, !secret.isEmpty
      else { throw .failed("\(subject): the answer has no AccessKeyId and SecretAccessKey") }
      var end: Int64?
      if let text = value("Expiration") {
        guard let seconds = UTCTime.seconds(of: text) else {
          throw .failed("\(subject): Expiration is no time in the answer")
        }
        end = seconds
      }
      let token = value("SessionToken").flatMap { $0.isEmpty ? nil : Secret($0) }
      return Granted(value: AWSKeys(id: id, secret: Secret(secret), token: token), end: end)
    }

    /// The text of the first element of a name. The values here have no character that XML writes otherwise.
    private static func element(_ name: String, in text: String) -> String? {
      guard let start = text.firstRange(of: "<\(name)>")?.upperBound,
        let end = text[start...].firstRange(of: "</\(name)>")?.lowerBound
      else { return nil }
      return String(text[start..<end])
    }
  }
#endif
