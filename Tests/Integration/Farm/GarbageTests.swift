import Farm
import Glibc
import Platform
import TestSupport
import Testing

/// What a broken or hostile server sends fails a job there, and nothing here.
@Suite(.blockingForFarms, .serialized) struct GarbageTests {
  private func complete(
    _ outputs: [JobOutput], code: UInt8 = 0, errors: String = ""
  ) -> [UInt8] {
    RunJobAnswer.complete(
      ProcessOutput(
        .exited(code), form: .waitStatus, standardOutput: [],
        standardError: Array(errors.utf8)[...]),
      outputs: outputs
    ).body
  }

  private func output(_ path: String, _ bytes: [UInt8]) -> JobOutput {
    JobOutput(path: path, data: bytes.withUnsafeBytes { OutputData(deflating: $0) })
  }

  private func checked(
    _ end: JobEnd, _ outputs: [CheckedOutput] = [], errors: String = ""
  ) -> [UInt8] {
    CheckedJobAnswer.ended(
      end, standardOutput: [], standardError: Array(errors.utf8)[...], outputs: outputs
    ).body
  }

  @Test(.timeLimit(.minutes(20)))
  func garbageNeverCounts() throws {
    let farm = try TestFarm(servers: [])
    let client = try farm.client()
    let server = try FakeServer(farm)
    try client.write("a.c", "int a = 1;\n")
    try #require(try client.plain(["gcc", "-c", "a.c", "-o", "good.o"]).isSuccess)
    let good = try client.read("good.o")
    let elsewhere = client.root + "/elsewhere"
    // The client packs in the background; it asks the farm from then on.
    try server.answer("run_job", 500, [])
    try untilAJobCame(server, client)

    func target(_ number: Int) -> String { client.path("g\(number).o") }
    let long = [UInt8](repeating: 7, count: 3000)
    let old: [(what: String, status: Int, body: (Int) -> [UInt8])] = [
      ("random bytes", 200, { _ in long }), ("nothing", 200, { _ in [] }),
      ("an unknown job", 200, { _ in RunJobAnswer.jobNotFound.body }),
      ("no output", 200, { _ in complete([]) }),
      ("text", 200, { complete([output(target($0), Array("no object".utf8))]) }),
      ("half an object", 200, { complete([output(target($0), Array(good.dropLast(40)))]) }),
      ("one too many", 200, { complete([output(target($0), good), output(elsewhere, good)]) }),
      ("another job's object", 200, { complete([output(target($0 - 1), good)]) }),
      ("another file", 200, { _ in complete([output(elsewhere, good)]) }),
      ("twice", 200, { complete([output(target($0), good), output(target($0), long)]) }),
      ("failure with an object", 200, { complete([output(target($0), long)], code: 1) }),
      ("a message", 200, { complete([output(target($0), good)], errors: "lies\n") }),
      ("half an answer", 200, { Array(complete([output(target($0), good)]).dropLast(30)) }),
      (
        "a wrong length", 200,
        { number in
          var data = output(target(number), good).data
          data.length += 1
          return complete([JobOutput(path: target(number), data: data)])
        }
      ),
      ("401", 401, { _ in long }), ("404", 404, { _ in [] }), ("500", 500, { _ in long }),
      ("no HTTP", 0, { _ in long }), ("a closed connection", 0, { _ in [] }),
    ]
    let new: [(what: String, status: Int, body: (Int) -> [UInt8])] = [
      ("the old form", 200, { complete([output(target($0), good)]) }),
      (
        "another digest", 200,
        { number in
          var output = CheckedOutput(path: target(number), contents: good)
          output.digest = CheckedOutput(path: "", contents: long).digest
          return checked(.exited(0), [output])
        }
      ),
      (
        "a wrong length", 200,
        { number in
          var output = CheckedOutput(path: target(number), contents: good)
          output.length -= 1
          return checked(.exited(0), [output])
        }
      ),
      (
        "half an answer", 200,
        { number in
          let output = CheckedOutput(path: target(number), contents: good)
          return Array(checked(.exited(0), [output]).dropLast(30))
        }
      ),
      (
        "another file", 200,
        { _ in checked(.exited(0), [CheckedOutput(path: elsewhere, contents: good)]) }
      ),
      (
        "a message", 200,
        { number in
          let output = CheckedOutput(path: target(number), contents: good)
          return checked(.exited(0), [output], errors: "lies\n")
        }
      ),
      ("a lost job", 200, { _ in checked(.lost("\u{1b}[2Jno reason")) }),
      ("a refused job", 200, { _ in checked(.refused("no reason")) }),
      ("a killed job", 200, { _ in checked(.killed(signal: 11)) }),
      ("an unknown job", 200, { _ in CheckedJobAnswer.jobNotFound.body }),
    ]
    let answers = old.map { (JobForm.mozilla, $0) } + new.map { (.checked, $0) }
    for (number, (form, answer)) in answers.enumerated() {
      let name = "g\(number)"
      try client.write("\(name).c", "int value = \(number);\n")
      let wanted = try client.outcome(["\(name).o"]) {
        try client.plain(["gcc", "-c", "\(name).c", "-o", "\(name).o"])
      }
      try server.answer("run_job", answer.status, answer.body(number))
      let jobs = server.jobs
      // A server that failed rests for some seconds.
      for attempt in 0..<60 where server.jobs == jobs {
        try server.heartbeat(form)
        for round in ["", " again"] {
          let got = try client.outcome(["\(name).o"]) {
            try client.sccache([
              "gcc", "-DATTEMPT=\(attempt)", "-c", "\(name).c", "-o", "\(name).o",
            ])
          }
          #expect(got.result.exitCode == 0, "\(answer.what)\(round)")
          #expect(got.result.errorText == "" && got.result.outputText == "", "\(answer.what)")
          #expect(got.files == wanted.files, "\(answer.what)\(round)")
        }
        if server.jobs == jobs { pause(milliseconds: 500) }
      }
      #expect(server.jobs > jobs, "no job came for \(answer.what)")
    }
    #expect(access(elsewhere, F_OK) != 0)
    #expect(try client.statistics().count("dist_compiles") == 0)
    let left = Files.names(in: client.work)?.filter { $0.hasPrefix(".sccache") } ?? []
    #expect(left == [])
  }

  private func untilAJobCame(_ server: FakeServer, _ client: Sandbox) throws {
    for number in 0..<600 where server.jobs == 0 {
      try server.heartbeat()
      try client.write("warm\(number).c", "int warm = \(number);\n", settle: false)
      _ = try client.sccache(["gcc", "-c", "warm\(number).c"])
      pause(milliseconds: 200)
    }
    try #require(server.jobs > 0)
  }
}
