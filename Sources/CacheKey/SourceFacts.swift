package import Platform

/// What one source or header file says, as far as keys need to know it; found by one pass of a lexer
/// that knows comments, literals and directives, so that a word in a comment means nothing.
package struct SourceFacts: Sendable, Equatable {
  /// A name that `#include`, `#include_next`, `#import`, `#embed`, `__has_include` or `__has_embed`
  /// looks for. Conditions are not evaluated: names in groups that are skipped are here too.
  package struct Lookup: Sendable, Hashable {
    package enum Form: UInt8, Sendable { case quoted, angled, next }
    package var name: String
    package var form: Form
    /// Only asked for (`__has_include`), not necessarily read.
    package var isProbe: Bool
    package init(name: String, form: Form, isProbe: Bool = false) {
      self.name = name
      self.form = form
      self.isProbe = isProbe
    }
  }

  package struct Traits: OptionSet, Sendable {
    package let rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }
    /// `__TIME__`.
    package static let time = Traits(rawValue: 1)
    /// `__DATE__`.
    package static let date = Traits(rawValue: 2)
    /// `__TIMESTAMP__`.
    package static let timestamp = Traits(rawValue: 4)
    /// `#include MACRO`.
    package static let computedInclude = Traits(rawValue: 8)
    /// `__has_include(MACRO)`, `#embed MACRO`: what is looked for can't be told.
    package static let computedProbe = Traits(rawValue: 16)
    /// The first thing included is named by a macro, so it could be a precompiled header.
    package static let computedFirstInclude = Traits(rawValue: 64)
    /// `source_location`, `__builtin_COLUMN`: columns can reach the output.
    package static let columns = Traits(rawValue: 128)
    /// `__PRETTY_FUNCTION__`, in which clang writes the columns of lambdas.
    package static let prettyFunction = Traits(rawValue: 256)
    /// `__FILE__` and its kin: the path can reach the output in forms that no search finds.
    package static let fileName = Traits(rawValue: 512)
    /// `__ ## name ## __`, which makes a time macro of a `bareTimeName`.
    package static let pastesUnderscores = Traits(rawValue: 1024)
    /// `TIME`, `DATE` or `TIMESTAMP`.
    package static let bareTimeName = Traits(rawValue: 2048)
    /// `//` stands where it begins a comment, which it does not in strict C90.
    package static let lineComments = Traits(rawValue: 4096)
    /// Too large to be looked at: nothing is known of it but its digest.
    package static let unread = Traits(rawValue: 8192)
    /// `#pragma GCC system_header`: what it includes is left out of the files of `-MMD`.
    package static let systemHeader = Traits(rawValue: 16384)
    /// `.incbin` or `.include` of the assembler, in code or in a string.
    package static let assemblerInclude = Traits(rawValue: 32)
  }

  package var lookups: [Lookup] = []
  package var traits: Traits = []
  package init() {}
}

/// How much of a file counts.
package enum Strictness: Sendable {
  /// Every byte.
  case exact
  /// Comments may change as long as every token keeps its line and column.
  case sameColumns
  /// Comments may change as long as every token keeps its line.
  case sameLines
}

/// A file's content in the three strengths in which keys compare it.
package final class FileVersion: Sendable {
  /// SHA-256 of the bytes.
  package let exact: Digest
  /// Of the text with each comment that can't matter replaced by spaces, as long as it was, so that
  /// every token keeps its line and column.
  package let sameColumns: Digest
  /// Of the text with each such comment replaced by one space; every token keeps its line.
  package let sameLines: Digest
  package let facts: SourceFacts

  package init(exact: Digest, sameColumns: Digest, sameLines: Digest, facts: SourceFacts) {
    self.exact = exact
    self.sameColumns = sameColumns
    self.sameLines = sameLines
    self.facts = facts
  }

  package func digest(_ strictness: Strictness) -> Digest {
    switch strictness {
    case .exact: exact
    case .sameColumns: sameColumns
    case .sameLines: sameLines
    }
  }

  /// Digests and scans a file of C, C++ or Objective-C.
  package convenience init(source bytes: [UInt8]) {
    let exact = Digest.of(bytes)
    let scan = SourceScanner.scan(bytes)
    self.init(
      exact: exact, sameColumns: scan.sameColumns ?? exact, sameLines: scan.sameLines ?? exact,
      facts: scan.facts)
  }

  /// A file that is too large to be held in memory.
  package convenience init(large digest: Digest) {
    var facts = SourceFacts()
    facts.traits = [.computedProbe, .unread]
    self.init(exact: digest, sameColumns: digest, sameLines: digest, facts: facts)
  }

  /// A file whose content counts as it is: assembler, profiles, plugins. What it includes is looked
  /// for all the same, for assembler that is preprocessed.
  package convenience init(opaque bytes: [UInt8]) {
    let exact = Digest.of(bytes)
    var facts = SourceFacts()
    if bytes.count <= 1 << 20 {
      facts = SourceScanner.scan(bytes).facts
    } else {
      facts.traits = .computedProbe
    }
    if SourceScanner.mentionsAssemblerInclude(bytes) { facts.traits.insert(.assemblerInclude) }
    self.init(exact: exact, sameColumns: exact, sameLines: exact, facts: facts)
  }
}
