import Glibc
import Platform

extension String {
  var bytes: [UInt8] { Array(utf8) }
}
