/// What a compiler call means to the cache.
///
/// Total: every list of words gives a `Compilation` or a `Rejection`. Reads nothing but response
/// files and the kind of a profile's path, through `files`. A relative path in the result is
/// relative to the invocation's directory, which must be what the compiler takes for its working
/// directory: `PWD` when that names it, else the physical path.
package func parse(
  _ invocation: Invocation, for compiler: Compiler, files: some FileReading
) throws(Rejection) -> Compilation {
  let words = try ResponseFiles(family: compiler.family, files: files)
    .expanded(invocation.arguments)
  var builder = CompilationBuilder(
    compiler: compiler, directory: invocation.directory, files: files)
  var scanner = ArgumentScanner(words, table: builder.table, family: compiler.family)
  while let argument = try scanner.next() {
    try builder.take(argument)
  }
  return try builder.finish()
}
