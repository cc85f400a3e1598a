/// `1 subarch`, `3 subarches`: a number of things for people.
package func counted(_ count: Int, _ noun: String, _ plural: String) -> String {
  "\(count) \(count == 1 ? noun : plural)"
}
