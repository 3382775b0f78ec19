#if WebDAV
  import Platform
  import Settings

  /// How blobs are called on HTTP servers.
  enum WebDAVNames {
    /// Behind endpoint and prefix.
    ///
    /// Only our own layout has directories of several levels and tells manifests by theirs. In the others every
    /// name is a digest in hexadecimal digits, as those servers ask for; an entry's is its key.
    static func path(_ name: BlobName, _ layout: WebDAVSettings.Layout) -> String {
      if layout == .sccache { return name.path }
      let digits = digits(name)
      switch layout {
      case .sccache, .flat: return digits
      case .subdirs: return "\(digits.prefix(2))/\(digits.dropFirst(2))"
      // Not cas/: there a name has to be the digest of what it names.
      case .bazel: return "ac/\(digits)"
      case .gradle: return String(digits.prefix(32))
      }
    }

    private static func digits(_ name: BlobName) -> String {
      switch name {
      case .entry(let key): key.description
      case .manifest, .probe: Digest.of(Array("sccache \(name.path)".utf8)).description
      }
    }

    /// An endpoint as it goes in front of names: with a slash at its end, and what may not stand in an address
    /// written as `%20`. Sequences that are written so already stay.
    static func base(_ endpoint: String) throws(BackendProblem) -> String {
      let scheme = endpoint.lowercased().hasPrefix("https://") ? 8 : 7
      let behind = endpoint.dropFirst(scheme)
      guard endpoint.lowercased().hasPrefix("http://") || scheme == 8, let first = behind.first,
        first != "/"
      else {
        throw BackendProblem(
          "SCCACHE_WEBDAV_ENDPOINT is no address that begins with http:// or https:// and a host")
      }
      let authority = behind.prefix { $0 != "/" }
      guard !authority.contains("@") else {
        throw BackendProblem(
          "SCCACHE_WEBDAV_ENDPOINT has a user in it: set SCCACHE_WEBDAV_USERNAME and "
            + "SCCACHE_WEBDAV_PASSWORD instead")
      }
      guard !authority.contains(where: { $0 == "?" || $0 == "#" || $0.isWhitespace }),
        !behind.contains(where: { $0 == "?" || $0 == "#" })
      else {
        throw BackendProblem(
          "SCCACHE_WEBDAV_ENDPOINT has a '?', a '#' or a space where none can be: write a '?' or '#' of a "
            + "directory's name as %3F or %23")
      }
      let path = behind.dropFirst(authority.count)
      let written = PercentEncoding.encode(String(path), keeping: "/%")
      return endpoint.prefix(scheme) + authority + written + (written.hasSuffix("/") ? "" : "/")
    }
  }
#endif
