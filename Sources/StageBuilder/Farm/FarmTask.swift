import MirrorTools

/// One target of a campaign, as the jobs and the master call it: `farm_CAMPAIGN_NUMBER`.
package struct FarmTask: Hashable, Sendable, CustomStringConvertible {
  package let campaign: String
  /// Of the node in the plan of the campaign, from 0.
  package let number: Int

  init(campaign: String, number: Int) {
    self.campaign = campaign
    self.number = number
  }

  /// nil if the text is not from ``description``.
  package init?(_ text: String) {
    let parts = text.split(separator: "_", omittingEmptySubsequences: false)
    guard parts.count == 3, text.hasPrefix(TargetFiles.uploads), let number = Int(parts[2]), number >= 0,
      !parts[1].isEmpty, parts[1].utf8.allSatisfy({ Self.isCampaign($0) })
    else { return nil }
    self.init(campaign: String(parts[1]), number: number)
  }

  /// A byte of the ID of a campaign.
  private static func isCampaign(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"):
      true
    default: false
    }
  }

  package var description: String { "\(TargetFiles.uploads)\(campaign)_\(number)" }
}
