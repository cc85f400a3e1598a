import ArgumentParser
@main struct M: ParsableCommand { mutating func run() throws {} }
