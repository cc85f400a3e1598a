import Glibc

/// Makes libraries on this thread treat names as UTF-8, whatever the process's locale; undone with this
/// value.
package struct UTF8Locale: ~Copyable {
  private let locale: locale_t?
  private let previous: locale_t?

  package init() {
    // LC_CTYPE_MASK: only the kinds of characters.
    locale = newlocale(1 << LC_CTYPE, "C.UTF-8", nil)
    previous = locale.flatMap { uselocale($0) }
  }

  deinit {
    guard let locale else { return }
    if let previous { uselocale(previous) }
    freelocale(locale)
  }
}
