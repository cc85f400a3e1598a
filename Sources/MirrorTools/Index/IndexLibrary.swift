import CLibXML2
package import LinuxSystem

extension LibraryVersion {
  /// The library that writes XML. Its version is that of the build.
  package static var indexes: [LibraryVersion] { [LibraryVersion("libxml2", LIBXML_DOTTED_VERSION)] }
}
