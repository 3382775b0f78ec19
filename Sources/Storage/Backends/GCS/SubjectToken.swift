#if GCS
  import Platform
  import Settings
  import Transport

  /// The token of another identity provider that an external account shows to Google: in a file, or behind a
  /// URL; plain, or in a field of a JSON object.
  struct SubjectToken {
    private enum Place {
      case file(String)
      case url(String, headers: [(name: String, value: String)])
    }

    private let place: Place
    private let field: String?
    private let path: String

    init(_ account: GCSCredentialFile) throws(BlobFailure) {
      path = account.path
      guard let source = account.fields.table("credential_source") else {
        throw .denied("\(path): it has no credential_source")
      }
      if let file = source.text("file") {
        place = .file(file)
      } else if let url = source.text("url"), source.text("environment_id") == nil {
        var headers: [(name: String, value: String)] = []
        for (name, value) in source.table("headers") ?? [:] {
          if case .string(let text) = value { headers.append((name.lowercased(), text)) }
        }
        place = .url(url, headers: headers)
      } else {
        throw .denied(
          "\(path): its credential_source has neither a file nor a url; those of AWS, of programs and "
            + "of certificates are not known here")
      }
      let format = source.table("format")
      if format?.text("type") == "json" {
        guard let name = format?.text("subject_token_field_name") else {
          throw .denied("\(path): its format json lacks subject_token_field_name")
        }
        field = name
      } else {
        field = nil
      }
    }

    func text(_ server: TokenServer, _ deadlines: BlobDeadlines) throws(BlobFailure) -> String {
      let whole: [UInt8]
      switch place {
      case .file(let file):
        do throws(SystemError) {
          whole = try Files.read(file, limit: 1 << 20)
        } catch {
          throw .denied("\(path): its subject token: \(error)")
        }
      case .url(let url, let headers):
        var question = HTTPQuestion(.get, url)
        question.headers = headers
        question.answerLimit = 1 << 20
        let answer = try server.http.ask(question, deadlines)
        guard 200..<300 ~= answer.status else {
          throw HTTPBlobs.failure(answer).concerning("the url of the subject token")
        }
        whole = answer.body
      }
      let text = String(decoding: whole, as: UTF8.self)
      guard let field else { return text.filter { !$0.isWhitespace } }
      guard let token = (try? JSONDocument.parse(text))?.text(field) else {
        throw .denied("\(path): its subject token has no field \(field)")
      }
      return token
    }
  }
#endif
