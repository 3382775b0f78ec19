import CPosix
import Glibc
import Platform
import Settings

extension Modes {
  /// `--dist-auth`: gets this client's token from the authority of `[dist.auth]`, where a person signs
  /// in with a browser, and keeps it.
  static func signIn(_ settings: Settings) -> Int32 {
    do throws(SignInFailure) {
      let authentication = settings.distribution.authentication
      if case .token = authentication {
        // Mozilla's says so in its log only; its standard output stays empty.
        Terminal.write("sccache: No authentication needed for type 'token'\n", to: 2)
        return 0
      }
      let seconds = try patience
      // What can't be saved is not asked for.
      var file = try TokenFile(settings.cachedConfigurationPath)
      let listener = try RedirectListener()
      var random = SystemRandomNumberGenerator()
      guard let signIn = try SignIn(authentication, port: listener.port, random: &random) else {
        return 0
      }
      let address = "http://localhost:\(listener.port)"
      Terminal.write("sccache: Please visit \(address) in your browser\n", to: 1)
      Browser.open(address)
      let token = try token(signIn, listener, seconds: seconds)
      try file.save(token.secret, for: signIn.authority)
      Terminal.write("Saved token\n", to: 1)
      warn(token.validity)
      return 0
    } catch {
      return Terminal.fail("\(error)")
    }
  }

  /// How many seconds somebody has to sign in (`SCCACHE_DIST_AUTH_TIMEOUT`; 600).
  private static var patience: Int {
    get throws(SignInFailure) {
      guard let text = ProcessEnvironment.value("SCCACHE_DIST_AUTH_TIMEOUT"), !text.isEmpty else {
        return 600
      }
      guard let seconds = Int32(text), seconds > 0 else { throw .badLimit(text) }
      return Int(seconds)
    }
  }

  /// Waits for the browser to come back, and tells it how it ended.
  private static func token(
    _ signIn: SignIn, _ listener: RedirectListener, seconds: Int
  ) throws(SignInFailure) -> SignIn.Token {
    let pages = SignInPages(signIn: signIn, port: listener.port)
    let end = Clock.monotonic + Int64(seconds) * 1_000_000_000
    typealias Ending = Result<SignIn.Token, SignInFailure>
    let result = listener.serve(until: end) { request -> (reply: BrowserReply, result: Ending?) in
      let result: Ending
      switch pages.step(request) {
      case .reply(let reply): return (reply, nil)
      case .token(let token): result = .success(token)
      case .failed(let failure): result = .failure(failure)
      case .code(let code): result = exchange(code, signIn)
      }
      switch result {
      case .success:
        return (.page(200, "sccache has its token: this page can be closed.\n"), result)
      case .failure(let failure):
        return (.page(400, "sccache got no token. \(failure)\n"), result)
      }
    }
    guard let result else { throw .timedOut(seconds: seconds) }
    return try result.get()
  }

  private static func exchange(
    _ code: String, _ signIn: SignIn
  ) -> Result<SignIn.Token, SignInFailure> {
    guard case .code(let url, let verifier) = signIn.grant else { return .failure(.noCode) }
    do throws(SignInFailure) {
      return .success(
        try TokenExchange.token(for: code, signIn, tokenURL: url, verifier: verifier))
    } catch {
      return .failure(error)
    }
  }

  private static func warn(_ validity: Int?) {
    guard let validity, validity < 2 * 86_400 else { return }
    Terminal.write(
      "sccache: warning: the token is good for \(validity / 3600) hours only: run "
        + "sccache --dist-auth again when the farm refuses it\n", to: 2)
  }
}

/// The desktop's browser, where there is a desktop.
private enum Browser {
  static func open(_ address: String) {
    // Without a display xdg-open takes a browser for terminals, and this terminal with it.
    let hasDisplay = ["DISPLAY", "WAYLAND_DISPLAY"].contains { name in
      ProcessEnvironment.value(name).map { !$0.isEmpty } ?? false
    }
    let environment = RequestEnvironment(variables: ProcessEnvironment.variables)
    guard hasDisplay,
      let program = ProgramLookup.find("xdg-open", directory: "/", environment: environment)
    else { return }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for descriptor: Int32 in 0...2 {
      posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
    }
    let words = CStrings([program, address])
    let variables = CStrings(ProcessEnvironment.variables)
    var pid: pid_t = 0
    // It is nobody's loss when there is no browser: the address was printed.
    _ = posix_spawn(&pid, program, &actions, nil, words.pointers, variables.pointers)
  }
}
