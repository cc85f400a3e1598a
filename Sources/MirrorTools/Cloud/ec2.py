"""Sends a disk image to Amazon EC2, one step per run, for mirrorctl.

Standard input has the request, one JSON object. Standard output has one JSON object per line: any number with `progress`,
then one with `result` or `error`. Every step can be repeated: it finds the resource of a run that was killed by its tag,
its token or its name, and does not create another one.
"""
import base64
import collections
import concurrent.futures
import hashlib
import json
import os
import random
import sys
import time

try:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError as missing:
    print(json.dumps({"error": {"code": "NoBoto3", "message": f"boto3 is not installed: {missing}", "operation": ""}}))
    sys.exit(0)

BLOCK = 512 * 1024
ZEROS = bytes(BLOCK)
# Its value names the export to which a resource belongs.
TAG = "mirrorctl:export"
# How long a snapshot may wait for its next block, in minutes: a killed export can be continued for a day.
LIFETIME = 24 * 60
# Seconds for which a request is repeated that fails for a passing reason; less where nothing is lost by giving up.
PATIENCE = {"session": 20, "remove": 30}
# botocore repeats most of these a few times; that is not enough for the limits of a busy account.
PASSING = {
    "ConcurrentLimitExceededException", "RequestLimitExceeded", "RequestThrottled", "RequestThrottledException",
    "Throttling", "ThrottlingException", "ServiceUnavailable", "Unavailable", "InternalError", "InternalServerException",
    "InternalFailure", "SlowDown", "RequestTimeout",
}
# A resource that was created a moment ago may not be found everywhere.
NOT_YET = {"InvalidSnapshot.NotFound", "InvalidAMIID.NotFound", "InvalidAMIID.Unavailable"}


class Fault(Exception):
    """An error that has no exception of boto3."""

    def __init__(self, code, message, operation=""):
        super().__init__(message)
        self.code, self.operation = code, operation


def say(**line):
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def code_of(error):
    return error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""


def is_passing(error, also):
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return code_of(error) in PASSING or code_of(error) in also or status >= 500
    return type(error).__name__ in {
        "EndpointConnectionError", "ConnectionClosedError", "ConnectTimeoutError", "ReadTimeoutError", "HTTPClientError"}


def persist(call, *, also=(), patience=None, **arguments):
    """Repeats a request that fails for a passing reason."""
    end, pause = time.monotonic() + (patience or PATIENCE.get(REQUEST["step"], 300)), 0.5
    while True:
        try:
            return call(**arguments)
        except (ClientError, BotoCoreError) as error:
            if not is_passing(error, also) or time.monotonic() + pause > end:
                raise
        time.sleep(pause * random.uniform(0.5, 1))
        pause = min(pause * 2, 20)


def client(request, service, region=None):
    session = boto3.session.Session(profile_name=request.get("profile"))
    region = region or request.get("region") or session.region_name
    if not region:
        raise Fault("NoRegion", "no region is set")
    if session.get_credentials() is None:
        raise Fault("NoCredentials", "no credentials were found")
    config = Config(
        retries={"mode": "standard", "max_attempts": 5}, max_pool_connections=request.get("connections", 10),
        connect_timeout=20, read_timeout=60, user_agent_extra="mirrorctl")
    return session.client(service, region_name=region, endpoint_url=request.get("endpoint"), config=config)


def pauses():
    pause = 0.2
    while True:
        yield pause
        pause = min(pause * 1.5, 15)


def tags_of(resource):
    return {tag["Key"]: tag["Value"] for tag in resource.get("Tags", [])}


def all_of(ec2, operation, key, **arguments):
    pages = ec2.get_paginator(operation).paginate(**arguments) if ec2.can_paginate(operation) else [
        persist(getattr(ec2, operation), **arguments)]
    return [item for page in pages for item in page[key]]


def snapshots(ec2, name, value):
    return all_of(
        ec2, "describe_snapshots", "Snapshots", OwnerIds=["self"], Filters=[{"Name": name, "Values": [value]}])


def images(ec2, name, value):
    return all_of(ec2, "describe_images", "Images", Owners=["self"], Filters=[{"Name": name, "Values": [value]}])


def snapshots_of(image):
    disks = [mapping.get("Ebs", {}).get("SnapshotId") for mapping in image.get("BlockDeviceMappings", [])]
    return [disk for disk in disks if disk]


# The steps


def session(request):
    """Says where the image would be sent, before anything is made."""
    ec2 = client(request, "ec2")
    return {"region": ec2.meta.region_name, "boto3": boto3.__version__}


def start(request):
    """Starts a snapshot, or finds that of a killed run."""
    ec2, token, known = client(request, "ec2"), request["token"], request.get("snapshot")
    if known:
        try:
            found = persist(ec2.describe_snapshots, also=NOT_YET, patience=3, SnapshotIds=[known])["Snapshots"]
        except ClientError as error:
            if code_of(error) not in NOT_YET:
                raise
            found = []
        return {"snapshot": known, "state": found[0]["State"] if found else "missing"}
    found = snapshots(ec2, "tag:" + TAG, token)
    if found:
        return {"snapshot": found[0]["SnapshotId"], "state": found[0]["State"]}
    # The same request as in the killed run: with another one, its token would not be accepted.
    answer = persist(
        client(request, "ebs").start_snapshot, VolumeSize=request["gigabytes"], ClientToken=token,
        Description=request["name"], Timeout=LIFETIME,
        Tags=[{"Key": TAG, "Value": token}, {"Key": "Name", "Value": request["name"]}])
    return {"snapshot": answer["SnapshotId"], "state": answer["Status"]}


def data_blocks(file, size):
    """The blocks that are not holes of the file."""
    position, next_block = 0, 0
    while position < size:
        try:
            begin = os.lseek(file, position, os.SEEK_DATA)
        except OSError:
            return
        position = min(os.lseek(file, begin, os.SEEK_HOLE), size)
        for index in range(max(next_block, begin // BLOCK), -(-position // BLOCK)):
            next_block = index + 1
            yield index


def identity(file):
    status = os.fstat(file)
    return [status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def send(request):
    """Sends the blocks that are not zero, from a number on; those before it were sent."""
    connections, first, snapshot = request["connections"], request.get("first", 0), request["snapshot"]
    ebs, size = client(request, "ebs"), request["identity"][1]
    file = os.open(request["path"], os.O_RDONLY | os.O_CLOEXEC)

    def put(index):
        block = os.pread(file, BLOCK, index * BLOCK)
        block += ZEROS[len(block):]
        if block == ZEROS:
            return None
        digest = hashlib.sha256(block).digest()
        if index >= first:
            # A snapshot that was started a moment ago may not be found everywhere.
            persist(
                ebs.put_snapshot_block, also={"ResourceNotFoundException"}, SnapshotId=snapshot, BlockIndex=index,
                BlockData=block, DataLength=BLOCK, Checksum=base64.b64encode(digest).decode(), ChecksumAlgorithm="SHA256")
        return digest

    if identity(file) != request["identity"]:
        raise Fault("Changed", "changed before it was sent")
    # The digest of the digests, in the order of the blocks.
    total, count, sent, said = hashlib.sha256(), 0, 0, 0.0
    window = collections.deque()
    pool = concurrent.futures.ThreadPoolExecutor(connections)
    try:
        blocks = data_blocks(file, size)
        more = True
        while more or window:
            while more and len(window) < 4 * connections:
                index = next(blocks, None)
                if index is None:
                    more = False
                else:
                    window.append((index, pool.submit(put, index)))
            if not window:
                break
            index, job = window.popleft()
            digest = job.result()
            if digest:
                total.update(digest)
                count += 1
            sent = index + 1
            if time.monotonic() - said > 0.2:
                said = time.monotonic()
                say(progress={"blocks": sent, "bytes": min(sent * BLOCK, size)})
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    if identity(file) != request["identity"]:
        raise Fault("Changed", "changed while it was sent")
    return {"blocks": count, "checksum": base64.b64encode(total.digest()).decode()}


def complete(request):
    """Completes the snapshot, and waits until it can be used."""
    ec2, ebs, snapshot = client(request, "ec2"), client(request, "ebs"), request["snapshot"]
    try:
        persist(
            ebs.complete_snapshot, SnapshotId=snapshot, ChangedBlocksCount=request["blocks"], Checksum=request["checksum"],
            ChecksumAlgorithm="SHA256", ChecksumAggregationMethod="LINEAR")
    except ClientError as error:
        # A killed run may have completed it.
        found = persist(ec2.describe_snapshots, also=NOT_YET, SnapshotIds=[snapshot])["Snapshots"]
        if not found or found[0]["State"] != "completed":
            raise error
    for pause in pauses():
        found = persist(ec2.describe_snapshots, also=NOT_YET, SnapshotIds=[snapshot])["Snapshots"]
        state = found[0]["State"] if found else "pending"
        if state == "completed":
            return {}
        if state not in ("pending", "recoverable", "recovering"):
            raise Fault("SnapshotFailed", found[0].get("StateMessage") or f"{snapshot} is in state {state}", "CompleteSnapshot")
        time.sleep(pause)


def named(ec2, request, is_own):
    """The image with the name, if it is of this export."""
    found = [image for image in images(ec2, "name", request["name"]) if image["Name"] == request["name"]]
    if not found:
        return None
    owner = tags_of(found[0]).get(TAG)
    if owner == request["token"] or owner is None and is_own(found[0]):
        return found[0]["ImageId"]
    raise Fault("NameTaken", f"`{request['name']}` is the name of {found[0]['ImageId']}, which another export made")


def register(request):
    """Registers an image of the snapshot."""
    ec2, snapshot = client(request, "ec2"), request["snapshot"]

    def known():
        return named(ec2, request, lambda image: snapshot in snapshots_of(image))

    found = known()
    if found:
        return {"image": found}
    disk = {"SnapshotId": snapshot, "VolumeType": request["volumeType"], "DeleteOnTermination": True}
    if request.get("volumeSize"):
        disk["VolumeSize"] = request["volumeSize"]
    arguments = dict(
        Name=request["name"], Architecture=request["architecture"], VirtualizationType="hvm", EnaSupport=True,
        BootMode=request["bootMode"], ImdsSupport="v2.0", RootDeviceName="/dev/xvda",
        BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": disk}])
    if request.get("description"):
        arguments["Description"] = request["description"]
    try:
        return {"image": persist(ec2.register_image, also=NOT_YET, **arguments)["ImageId"]}
    except ClientError as error:
        # The first of several tries may have succeeded without an answer.
        found = known() if code_of(error) == "InvalidAMIName.Duplicate" else None
        if not found:
            raise
        return {"image": found}


def copy(request):
    """Copies the image to another region."""
    ec2 = client(request, "ec2", request["region"])
    found = named(ec2, request, lambda image: image.get("SourceImageId") == request["image"])
    if found:
        return {"image": found}
    arguments = dict(
        Name=request["name"], SourceImageId=request["image"], SourceRegion=request["from"], ClientToken=request["copyToken"],
        CopyImageTags=True)
    if request.get("description"):
        arguments["Description"] = request["description"]
    return {"image": persist(ec2.copy_image, also=NOT_YET, **arguments)["ImageId"]}


def tag(request):
    """Waits until an image can be used, and tags it and its snapshots."""
    ec2, image = client(request, "ec2"), request["image"]
    tags = [{"Key": key, "Value": value} for key, value in sorted(request["tags"].items())]
    # First the image, so that it can be found by its tag while it is being copied.
    persist(ec2.create_tags, also=NOT_YET, Resources=[image], Tags=tags)
    for pause in pauses():
        found = persist(ec2.describe_images, also=NOT_YET, ImageIds=[image])["Images"]
        state = found[0]["State"] if found else "pending"
        if state == "available":
            break
        if state not in ("pending", "transient"):
            reason = found[0].get("StateReason", {}).get("Message")
            raise Fault("ImageFailed", reason or f"{image} is in state {state}", "CopyImage")
        time.sleep(pause)
    disks = snapshots_of(found[0])
    if disks:
        persist(ec2.create_tags, also=NOT_YET, Resources=disks, Tags=tags)
    return {"snapshots": disks}


def permit(request):
    """Says who may start the image: these accounts, or everybody."""
    ec2, launch = client(request, "ec2"), request["launch"]
    groups = [{"Group": "all"}] if "all" in launch else [{"UserId": account} for account in launch]
    persist(ec2.modify_image_attribute, ImageId=request["image"], LaunchPermission={"Add": groups})
    return {}


def remove(request):
    """Deregisters the images of an export and deletes its snapshots, in one region."""
    ec2, token = client(request, "ec2"), request["token"]
    doomed, disks, removed = {}, {}, []
    for image in images(ec2, "tag:" + TAG, token):
        doomed[image["ImageId"]] = image
    for image in images(ec2, "image-id", request["image"]) if request.get("image") else []:
        doomed[image["ImageId"]] = image
    for snapshot in snapshots(ec2, "tag:" + TAG, token):
        disks[snapshot["SnapshotId"]] = True
    listed = request.get("snapshots", [])
    for name in listed:
        for snapshot in snapshots(ec2, "snapshot-id", name):
            disks.setdefault(name, tags_of(snapshot).get(TAG) == token)
    if request.get("name"):
        # A killed run may have had no time for a tag; the root of its image shows whose it is.
        for image in images(ec2, "name", request["name"]):
            if TAG not in tags_of(image) and any(disks.get(disk) for disk in snapshots_of(image)):
                doomed[image["ImageId"]] = image
    for image, found in doomed.items():
        roots = snapshots_of(found)
        if tags_of(found).get(TAG) != token and not any(disks.get(root) for root in roots):
            raise Fault("NotOurs", f"{image} does not have the tag {TAG}={token}")
        for root in roots:
            disks[root] = True
        # The snapshot of a copy that is not complete is known only by its description.
        for snapshot in snapshots(ec2, "description", f"*{image}*"):
            if f"DestinationAmi {image} " in snapshot.get("Description", "") + " ":
                disks[snapshot["SnapshotId"]] = True
    foreign = [disk for disk, is_own in disks.items() if not is_own]
    if foreign:
        raise Fault("NotOurs", f"{foreign[0]} does not have the tag {TAG}={token}")
    for image in doomed:
        gone(ec2.deregister_image, ImageId=image)
        removed.append(image)
    for disk in disks:
        # It is in use until the image is deregistered everywhere.
        gone(ec2.delete_snapshot, also={"InvalidSnapshot.InUse"}, patience=60, SnapshotId=disk)
        removed.append(disk)
    return {"removed": removed}


def gone(call, **arguments):
    try:
        persist(call, **arguments)
    except ClientError as error:
        if code_of(error) not in NOT_YET:
            raise


STEPS = {step.__name__: step for step in (session, start, send, complete, register, copy, tag, permit, remove)}


REQUEST = json.load(sys.stdin)


def main():
    try:
        say(result=STEPS[REQUEST["step"]](REQUEST))
    except ClientError as error:
        fault = error.response.get("Error", {})
        say(error={"code": fault.get("Code", "Unknown"), "message": fault.get("Message") or str(error),
                   "operation": error.operation_name})
    except Fault as error:
        say(error={"code": error.code, "message": str(error), "operation": error.operation})
    except (BotoCoreError, OSError) as error:
        say(error={"code": type(error).__name__, "message": str(error), "operation": ""})


main()
