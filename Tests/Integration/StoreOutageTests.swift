import Glibc
import Platform
import StoreServers
import TestSupport
import Testing

/// The server of a store goes away in the middle of a build.
@Suite(.blocking) struct StoreOutageTests {
  enum Fault: String, CaseIterable {
    /// Its connections are closed, and new ones refused.
    case killed = "KILL"
    /// Its connections stay, and nobody answers.
    case stopped = "STOP"
  }

  private let count = 200

  /// The build goes on, its objects are right, and the person reads one line.
  @Test(arguments: [StoreKind.webdav, .redis, .redisOnSocket], Fault.allCases)
  func theBuildGoesOn(_ kind: StoreKind, _ fault: Fault) throws {
    try kind.withServer { store in
      let box = try Sandbox(store.environment())
      box.environment["SCCACHE_MULTILEVEL_CHAIN"] = "disk,\(kind.name)"
      // While the server lives, other tests may keep it waiting.
      for what in ["CONNECT", "LOOKUP"] {
        box.environment["SCCACHE_REMOTE_\(what)_TIMEOUT_MS"] = "5000"
      }
      for number in 0..<count {
        try box.write("f\(number).c", "int f\(number) = \(number);\n", settle: false)
      }
      pause(milliseconds: 20)
      let result = try box.shell(
        """
        (while [ $(ls | grep -c '\\.o$') -lt 60 ]; do sleep 0.02; done
         kill -\(fault.rawValue) \(store.server.process.pid)) &
        seq 0 \(count - 1) | xargs -P 8 -I @ $SCCACHE gcc -c f@.c -o f@.o; code=$?; wait; exit $code
        """)
      #expect(result.isSuccess, "\(result.errorText)")
      let lines = result.errorText.split(separator: "\n")
      #expect(
        lines.count == 1 && lines.allSatisfy { $0.contains("the store \(kind.name)") }, "\(lines)")
      try expectRightObjects(box)
      let shown = try box.sccache(["--show-stats"]).outputText
      #expect(shown.contains("\(kind.name): lookups left out"))
    }
  }

  private func expectRightObjects(_ box: Sandbox) throws {
    let result = try box.shell(
      """
      mkdir plain
      for number in $(seq 0 \(count - 1)); do
        gcc -c f$number.c -o plain/f$number.o && cmp f$number.o plain/f$number.o || exit 1
      done
      """)
    #expect(result.isSuccess, "\(result.outputText)\(result.errorText)")
  }
}
