import Platform
import Testing

@Suite struct AddressTests {
  @Test(arguments: [
    "127.0.0.1:10501", "0.0.0.0:0", "255.255.255.255:65535", "[::]:1", "[::1]:10507",
    "[2001:db8::1]:80", "[1:0:2::3]:80", "[fe80::1:0:0:1]:80", "[1:2:3:4:5:6:7:8]:80",
    "[1::3:0:5:6:7]:80", "[::ffff:10.0.0.1]:80", "[1:0:3:4:5:6:7:8]:80", "[::102:304]:80",
    "[1:2:3:4:5:6::]:80", "[::3:4:5:6:7:8]:9", "[1:0:0:4::8]:9",
  ])
  func theSameTextComesBack(text: String) {
    #expect(SocketAddress(text)?.description == text)
  }

  @Test(arguments: [
    ("[2001:0db8:0:0:0:0:0:1]:80", "[2001:db8::1]:80"), ("[::1.2.3.4]:80", "[::102:304]:80"),
    ("[ABCD::]:080", "[abcd::]:80"), ("[0:0:1:0:0:0:0:1]:80", "[0:0:1::1]:80"),
  ])
  func otherTextsOfAnAddress(text: String, usual: String) {
    #expect(SocketAddress(text)?.description == usual)
  }

  @Test(arguments: [
    "", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1",
    "127.0.0.1:1 ", " 127.0.0.1:1", "127.0.0:1", "127.0.0.01:1", "127.0.0.256:1", "localhost:1",
    "::1:1", "[::1]", "[::1]1", "[127.0.0.1]:1", "[::1%lo]:1", "[::1:1", "::1]:1", "[]:1",
    "[:::]:1", "127.0.0.1\0:1", "[::1]:99999999999999999999", "[12345::]:1",
  ])
  func whatIsNone(text: String) {
    #expect(SocketAddress(text) == nil)
  }

  @Test func mappedAddressesArePeers() throws {
    let mapped = try #require(IPAddress("::ffff:10.0.0.1"))
    #expect(mapped.unmapped == IPAddress("10.0.0.1"))
    let plain = try #require(IPAddress("::1"))
    #expect(plain.unmapped == plain)
  }
}
