/// FNV-1a (Fowler, Noll, Vo), 64 bits: the same result for the same bytes on every machine and in every
/// version.
package func stableHash(_ bytes: some Sequence<UInt8>) -> UInt64 {
  bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
}
