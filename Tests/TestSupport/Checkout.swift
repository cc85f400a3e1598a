public import SystemPackage

/// The source tree that the tests were built from.
public enum Checkout {
  /// Its root.
  public static let path = FilePath(#filePath).removingLastComponent().removingLastComponent()
    .removingLastComponent()
}
