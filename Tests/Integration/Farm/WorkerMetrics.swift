import Farm
import Testing
import Transport

extension TestFarm {
  /// One of the numbers that a server of ours counts.
  func metric(_ name: String, ofServer index: Int) throws -> Int {
    let address = address(ofServer: index)
    let told = try ask(schedulerURL + FarmCall.serverCertificate(address).path)
    let certificate = try ServerCertificate(body: told)
    let text = String(
      decoding: try ask("https://\(address)/metrics", pinned: Array(certificate.pem)),
      as: UTF8.self)
    let line = text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
    return try #require(line?.split(separator: " ").last.flatMap { Int($0) }, "\(name)")
  }

  private func ask(_ url: String, pinned: [UInt8]? = nil) throws -> [UInt8] {
    var question = HTTPQuestion(.get, url)
    question.pinnedCertificate = pinned
    let answer = try HTTPClient().ask(question, deadlines: HTTPDeadlines())
    try #require(answer.status == 200, "\(url)")
    return answer.body
  }
}
