/// What a step of ``CloudHelper`` needs; every step uses some of it.
package struct CloudRequest: Encodable, Sendable {
  /// A function of `ec2.py`.
  package enum Step: String, Encodable, Sendable {
    case session, start, send, complete, register, copy, tag, permit, remove
  }

  let step: Step
  package var region: String?
  var profile: String?
  var endpoint: String?
  /// The value of the tag that names the export.
  package var token: String?
  package var name: String?
  package var description: String?
  package var image: String?
  package var snapshot: String?
  package var snapshots: [String]?
  /// The size of a snapshot.
  package var gigabytes: Int?
  package var path: String?
  /// Inode, size and times of the disk.
  package var identity: [Int64]?
  package var connections: Int?
  /// The first block that was not sent.
  package var first: Int?
  package var blocks: Int?
  package var checksum: String?
  package var architecture: String?
  package var bootMode: String?
  package var volumeType: String?
  package var volumeSize: Int?
  /// The region of the image to copy.
  package var from: String?
  package var copyToken: String?
  package var tags: [String: String]?
  package var launch: [String]?

  package init(_ step: Step, region: String? = nil) {
    self.step = step
    self.region = region
  }
}

/// The result of a step; every step sets some of it.
package struct CloudAnswer: Decodable, Sendable {
  package var region: String?
  package var snapshot: String?
  /// That of the snapshot, or `missing`.
  package var state: String?
  package var blocks: Int?
  package var checksum: String?
  package var image: String?
  package var snapshots: [String]?
  package var removed: [String]?
}

/// How far the sending of blocks is.
package struct CloudProgress: Decodable, Sendable {
  /// All blocks before this one were sent, or are zero.
  package let blocks: Int
  package let bytes: Int64
}
