import LinuxSystem
import FlexData

/// How to reach the account in which images are registered. Keys come from the environment and from the files of boto3.
public struct CloudAccount: Hashable, Sendable {
  /// The section `[section export/NAME]` that describes it.
  package let section: String
  /// A profile of `~/.aws/config`; nil for the default.
  package let profile: String?
  /// The address of another service with the same interface; nil for that of AWS.
  package let endpoint: String?

  /// Those of boto3, for records of a section that the configuration does not have.
  package init(defaultFor section: String) { (self.section, profile, endpoint) = (section, nil, nil) }

  package init(_ settings: SettingsSection) throws {
    section = String(settings.name.drop { $0 != "/" }.dropFirst())
    profile = try settings.text("profile")
    endpoint = try settings.text("endpoint")
    guard let endpoint else { return }
    guard endpoint.hasPrefix("https://") || endpoint.hasPrefix("http://") else {
      throw settings.invalid(
        "endpoint", "`\(endpoint)` is not the address of a service", "use https://HOST or http://HOST:PORT")
    }
  }

  /// Those of the sections for Amazon EC2, by section; an error matters when images of that section are removed.
  static func accounts(_ elements: Elements) -> [String: Result<CloudAccount, MirrorError>] {
    var accounts: [String: Result<CloudAccount, MirrorError>] = [:]
    for section in ExportSection.sections(elements, of: .ec2) {
      let name = String(section.name.drop { $0 != "/" }.dropFirst())
      do { accounts[name] = .success(try CloudAccount(section)) } catch let error as MirrorError {
        accounts[name] = .failure(error)
      } catch {
        accounts[name] = .failure(MirrorError(.invalid, section.name, "\(error)"))
      }
    }
    return accounts
  }
}
