#!/usr/bin/python3
"""A server with the interface of EC2 and of the EBS direct APIs, as far as exports use it: ec2-stub.py DIRECTORY

It refuses what AWS documents as wrong: checksums that do not match, tokens with other parameters, missing parameters, blocks
of a completed snapshot, a second image with a name, removal of a snapshot in use. It writes its port to DIRECTORY/port.

GET /state has all resources of all regions, GET /log the operations in order. PUT /expire gives up all snapshots that are
not complete. PUT /plan takes {"slow": SECONDS per request, "fail": N, "kill": {"at": N, "operation": NAME, "when": WHEN, "pid":
FILE}}: it fails every Nth request for a passing reason, or kills a process `before` or `after` the effect of the Nth request
(of this name), which then gets no answer.
"""
import base64
import hashlib
import http.server
import itertools
import json
import os
import re
import signal
import sys
import threading
import time
import urllib.parse
from xml.sax.saxutils import escape

BLOCK = 524288
lock = threading.Lock()
numbers = itertools.count(1)
snapshots, images, tokens, log = {}, {}, {}, []
plan = {"slow": 0, "fail": 0, "kill": None}
count = {"requests": 0}


class Refused(Exception):
    def __init__(self, code, message, status=400):
        super().__init__(message)
        self.code, self.status = code, status


def need(condition, message, code="ValidationException"):
    if not condition:
        raise Refused(code, message)


def repeated(operation, region, token, arguments, make):
    """Idempotent by a token: the same request has the same answer, another one is refused."""
    need(token and len(token) <= 64, f"{operation}: the client token is missing or too long")
    key = (operation, region, token)
    if key not in tokens:
        tokens[key] = (arguments, make())
    need(tokens[key][0] == arguments, f"{operation}: the token was used with other parameters", "ConflictException")
    return tokens[key][1]


class EBS:
    def start(self, region, body, _):
        need(isinstance(body.get("VolumeSize"), int) and body["VolumeSize"] >= 1, "VolumeSize")
        need(10 <= body.get("Timeout", 60) <= 4320, "Timeout")

        def make():
            name = f"snap-{next(numbers):017x}"
            snapshots[name] = {
                "region": region, "state": "pending", "size": body["VolumeSize"], "blocks": {}, "sealed": False,
                "description": body.get("Description", ""), "looks": 0,
                "tags": {tag["Key"]: tag["Value"] for tag in body.get("Tags", [])}}
            return name

        name = repeated("StartSnapshot", region, body.get("ClientToken"), json.dumps(body, sort_keys=True), make)
        return {"SnapshotId": name, "Status": "pending", "BlockSize": BLOCK, "VolumeSize": body["VolumeSize"], "OwnerId": "1"}

    def snapshot(self, region, name):
        found = snapshots.get(name)
        if not found or found["region"] != region:
            raise Refused("ResourceNotFoundException", f"{name} does not exist", 404)
        return found

    def put(self, region, name, index, headers, data):
        found = self.snapshot(region, name)
        need(found["state"] == "pending" and not found["sealed"], f"{name} is not pending")
        need(headers.get("x-amz-Data-Length") == str(len(data)) == str(BLOCK), "the length of the block")
        need(headers.get("x-amz-Checksum-Algorithm") == "SHA256", "the algorithm of the checksum")
        need(0 <= index < found["size"] * 2048, "the index of the block is beyond the end of the volume")
        digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
        need(headers.get("x-amz-Checksum") == digest, "the checksum of the block does not match")
        need(data != bytes(BLOCK), "the block is zero")
        found["blocks"][index] = digest
        path = os.path.join(sys.argv[1], "blocks")
        if os.path.isdir(path):
            with open(os.path.join(path, f"{name}-{index}"), "wb") as file:
                file.write(data)
        return {"Checksum": digest, "ChecksumAlgorithm": "SHA256"}

    def complete(self, region, name, headers):
        found = self.snapshot(region, name)
        need(not found["sealed"], f"{name} is completed")
        need(headers.get("x-amz-ChangedBlocksCount") == str(len(found["blocks"])), "the number of changed blocks")
        total = hashlib.sha256(b"".join(base64.b64decode(found["blocks"][index]) for index in sorted(found["blocks"])))
        need(headers.get("x-amz-Checksum-Algorithm") == "SHA256", "the algorithm of the checksum")
        need(headers.get("x-amz-Checksum-Aggregation-Method") == "LINEAR", "the method of the checksum")
        need(headers.get("x-amz-Checksum") == base64.b64encode(total.digest()).decode(), "the checksum of all blocks")
        found["sealed"] = True
        return {"Status": "pending"}


class EC2:
    def tags(self, resource):
        return "<tagSet>" + "".join(
            f"<item><key>{escape(key)}</key><value>{escape(value)}</value></item>"
            for key, value in sorted(resource["tags"].items())) + "</tagSet>"

    def filtered(self, region, kind, p, id_filter, ids):
        found = {name: item for name, item in kind.items() if item["region"] == region}
        if ids:
            for name in ids:
                if name not in found:
                    what = "InvalidAMIID" if kind is images else "InvalidSnapshot"
                    raise Refused(what + ".NotFound", f"{name} does not exist")
            found = {name: found[name] for name in ids}
        for number in itertools.count(1):
            name, value = p.get(f"Filter.{number}.Name"), p.get(f"Filter.{number}.Value.1")
            if not name:
                return found
            pattern = re.compile(re.escape(value).replace(r"\*", ".*"))
            if name.startswith("tag:"):
                found = {n: i for n, i in found.items() if i["tags"].get(name[4:]) == value}
            elif name == id_filter:
                found = {n: i for n, i in found.items() if n == value}
            elif name in ("name", "description"):
                found = {n: i for n, i in found.items() if pattern.fullmatch(i[name])}
            else:
                raise Refused("InvalidParameterValue", f"filter {name}")

    def DescribeSnapshots(self, region, p):
        found = self.filtered(
            region, snapshots, p, "snapshot-id", [p[key] for key in sorted(p) if re.fullmatch(r"SnapshotId\.\d+", key)])
        items = ""
        for name, item in found.items():
            if item["sealed"] and item["state"] == "pending":
                # It takes a while.
                item["looks"] += 1
                item["state"] = "completed" if item["looks"] > 1 else "pending"
            items += (f"<item><snapshotId>{name}</snapshotId><status>{item['state']}</status>"
                      f"<volumeSize>{item['size']}</volumeSize><description>{escape(item['description'])}</description>"
                      f"{self.tags(item)}</item>")
        return f"<snapshotSet>{items}</snapshotSet>"

    def DescribeImages(self, region, p):
        found = self.filtered(
            region, images, p, "image-id", [p[key] for key in sorted(p) if re.fullmatch(r"ImageId\.\d+", key)])
        items = ""
        for name, item in found.items():
            if item["state"] == "pending":
                item["looks"] += 1
                if item["looks"] > 2:
                    item["state"] = "available"
            shown = item["state"] == "available" or not item["copy"]
            disks = (f"<item><deviceName>/dev/xvda</deviceName><ebs><snapshotId>{item['snapshot']}</snapshotId>"
                     f"<volumeType>{item['type']}</volumeType></ebs></item>") if shown else ""
            items += (f"<item><imageId>{name}</imageId><name>{escape(item['name'])}</name><imageState>{item['state']}</imageState>"
                      f"<blockDeviceMapping>{disks}</blockDeviceMapping>{self.tags(item)}</item>")
        return f"<imagesSet>{items}</imagesSet>"

    def unused(self, region, name):
        need(re.fullmatch(r"[A-Za-z0-9()\[\] ./'@_-]{3,128}", name), "the name of the image", "InvalidAMIName.Malformed")
        if any(item["name"] == name and item["region"] == region for item in images.values()):
            raise Refused("InvalidAMIName.Duplicate", f"AMI name {name} is already in use")

    def RegisterImage(self, region, p):
        self.unused(region, p.get("Name", ""))
        disk = p.get("BlockDeviceMapping.1.Ebs.SnapshotId")
        found = snapshots.get(disk)
        if not found or found["region"] != region:
            raise Refused("InvalidSnapshot.NotFound", f"{disk} does not exist")
        need(found["state"] == "completed", "the snapshot is not complete", "InvalidParameterValue")
        for key, values in {
                "Architecture": ("x86_64", "arm64"), "VirtualizationType": ("hvm",), "EnaSupport": ("true",),
                "BootMode": ("uefi", "uefi-preferred"), "ImdsSupport": ("v2.0",),
                "RootDeviceName": (p.get("BlockDeviceMapping.1.DeviceName"),),
                "BlockDeviceMapping.1.Ebs.VolumeType": ("gp3",),
                "BlockDeviceMapping.1.Ebs.DeleteOnTermination": ("true",)}.items():
            need(p.get(key) in values, f"{key} is {p.get(key)}", "InvalidParameterValue")
        name = f"ami-{next(numbers):017x}"
        images[name] = {
            "region": region, "name": p["Name"], "description": p.get("Description", ""), "state": "pending", "snapshot": disk,
            "tags": {}, "launch": [], "copy": False, "type": "gp3", "looks": 0, "size": p.get("BlockDeviceMapping.1.Ebs.VolumeSize")}
        return f"<imageId>{name}</imageId>"

    def CopyImage(self, region, p):
        source = images.get(p.get("SourceImageId"))
        if not source or source["region"] != p.get("SourceRegion"):
            raise Refused("InvalidAMIID.NotFound", f"{p.get('SourceImageId')} does not exist")
        need(source["state"] == "available", "the image is not available", "InvalidAMIID.Unavailable")

        def make():
            self.unused(region, p.get("Name", ""))
            name, disk = f"ami-{next(numbers):017x}", f"snap-{next(numbers):017x}"
            tags = dict(source["tags"]) if p.get("CopyImageTags") == "true" else {}
            snapshots[disk] = {
                "region": region, "state": "completed", "size": snapshots[source["snapshot"]]["size"], "blocks": {},
                "sealed": True, "looks": 0, "tags": {},
                "description": f"Copied for DestinationAmi {name} from SourceAmi {p['SourceImageId']} for SourceSnapshot x."}
            images[name] = {
                "region": region, "name": p["Name"], "description": p.get("Description", ""), "state": "pending",
                "snapshot": disk, "tags": tags, "launch": [], "copy": True, "type": "gp3", "looks": 0}
            return name

        key = json.dumps({k: v for k, v in sorted(p.items())})
        return f"<imageId>{repeated('CopyImage', region, p.get('ClientToken'), key, make)}</imageId>"

    def CreateTags(self, region, p):
        new = {}
        for number in itertools.count(1):
            key, value = p.get(f"Tag.{number}.Key"), p.get(f"Tag.{number}.Value")
            if key is None:
                break
            need(len(key) <= 128 and len(value) <= 256, "the length of a tag", "InvalidParameterValue")
            new[key] = value
        for key in [key for key in p if re.fullmatch(r"ResourceId\.\d+", key)]:
            found = images.get(p[key]) or snapshots.get(p[key])
            if not found or found["region"] != region:
                raise Refused("InvalidAMIID.NotFound", f"{p[key]} does not exist")
            found["tags"].update(new)
        return "<return>true</return>"

    def ModifyImageAttribute(self, region, p):
        found = images.get(p.get("ImageId"))
        need(found and found["region"] == region, "no such image", "InvalidAMIID.NotFound")
        for key in sorted(p):
            if re.fullmatch(r"LaunchPermission\.Add\.\d+\.(UserId|Group)", key) and p[key] not in found["launch"]:
                found["launch"].append(p[key])
        return "<return>true</return>"

    def DeregisterImage(self, region, p):
        name = p.get("ImageId")
        if name not in images or images[name]["region"] != region:
            raise Refused("InvalidAMIID.NotFound", f"{name} does not exist")
        del images[name]
        return "<return>true</return>"

    def DeleteSnapshot(self, region, p):
        name = p.get("SnapshotId")
        if name not in snapshots or snapshots[name]["region"] != region:
            raise Refused("InvalidSnapshot.NotFound", f"{name} does not exist")
        if any(image["snapshot"] == name for image in images.values()):
            raise Refused("InvalidSnapshot.InUse", f"{name} is in use")
        del snapshots[name]
        return "<return>true</return>"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Two segments per answer would each wait for the other side.
    disable_nagle_algorithm = True
    wbufsize = 1 << 16

    def log_message(self, *_):
        pass

    def answer(self, status, text, kind="application/json", headers=()):
        data = text.encode()
        self.send_response(status)
        for key, value in [("Content-Type", kind), ("Content-Length", str(len(data))), *headers]:
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(data)

    def do(self):
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
        if path == "/plan":
            plan.update(json.loads(data))
            count["requests"] = 0
            return self.answer(200, "{}")
        if path == "/expire":
            for snapshot in snapshots.values():
                snapshot["state"] = "error" if snapshot["state"] == "pending" else snapshot["state"]
            return self.answer(200, "{}")
        if path in ("/state", "/log"):
            with lock:
                return self.answer(
                    200, json.dumps({"snapshots": snapshots, "images": images} if path == "/state" else log))
        scope = re.search(r"Credential=[^/]+/\d{8}/([^/]+)/(ec2|ebs)/", self.headers.get("Authorization", ""))
        if not scope:
            return self.answer(403, "{}")
        region, is_query = scope[1], scope[2] == "ec2"
        parameters = dict(urllib.parse.parse_qsl(data.decode())) if is_query else {}
        if plan["slow"]:
            time.sleep(plan["slow"])
        try:
            with lock:
                kill, every, name = plan["kill"], plan["fail"], self.operation(path, parameters)
                if not kill or kill.get("operation", name) == name:
                    count["requests"] += 1
                number = count["requests"]
                dies = kill and kill["at"] == number and kill.get("operation", name) == name
                if dies and kill["when"] == "before":
                    return self.end(kill)
                if every and number % every == 0:
                    log.append("passing fault")
                    raise Refused(*[("RequestLimitExceeded", "too many requests", 503),
                                    ("ServiceUnavailable", "try again", 503)][number // every % 2]) if is_query else Refused(
                        *[("RequestThrottledException", "too many requests", 400),
                          ("InternalServerException", "try again", 500)][number // every % 2])
                text = self.query(region, parameters) if is_query else self.rest(region, path, data)
                if dies:
                    return self.end(kill)
            if is_query:
                name = parameters["Action"]
                return self.answer(
                    200, f'<{name}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>1</requestId>{text}</{name}Response>',
                    "text/xml")
            headers = [("x-amz-Checksum", text["Checksum"]), ("x-amz-Checksum-Algorithm", "SHA256")] if "Checksum" in text else []
            status = {"POST": 201, "PUT": 201}[self.command] if "completion" not in path else 202
            self.answer(status, json.dumps(text), headers=headers)
        except Refused as fault:
            if fault.status < 500 and "Throttled" not in fault.code:
                log.append(f"refused {fault.code}: {fault}")
            if is_query:
                return self.answer(
                    fault.status,
                    f"<Response><Errors><Error><Code>{fault.code}</Code><Message>{escape(str(fault))}</Message></Error></Errors>"
                    "<RequestID>1</RequestID></Response>", "text/xml")
            self.answer(fault.status, json.dumps({"Message": str(fault)}), headers=[("x-amzn-ErrorType", fault.code)])

    do_GET = do_PUT = do_POST = do

    def operation(self, path, parameters):
        if path == "/snapshots":
            return "StartSnapshot"
        return parameters.get("Action") or ("PutSnapshotBlock" if "/blocks/" in path else "CompleteSnapshot")

    def end(self, kill):
        """Kills the process as a power cut would: it gets no answer."""
        plan["kill"] = None
        with open(kill["pid"]) as file:
            os.kill(int(file.read()), signal.SIGKILL)
        log.append("killed")
        self.close_connection = True

    def query(self, region, parameters):
        name = parameters.get("Action", "")
        log.append(name)
        step = getattr(EC2, name, None)
        need(step, f"{name} is not known", "InvalidAction")
        return step(EC2(), region, parameters)

    def rest(self, region, path, data):
        ebs = EBS()
        if path == "/snapshots" and self.command == "POST":
            log.append("StartSnapshot")
            return ebs.start(region, json.loads(data), None)
        block = re.fullmatch(r"/snapshots/([^/]+)/blocks/(\d+)", path)
        if block and self.command == "PUT":
            log.append(f"PutSnapshotBlock {block[2]}")
            return ebs.put(region, block[1], int(block[2]), self.headers, data)
        done = re.fullmatch(r"/snapshots/completion/([^/]+)", path)
        if done and self.command == "POST":
            log.append("CompleteSnapshot")
            return ebs.complete(region, done[1], self.headers)
        raise Refused("ValidationException", f"{self.command} {path}", 404)


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True


server = Server(("127.0.0.1", 0), Handler)
with open(os.path.join(sys.argv[1], "port.new"), "w") as out:
    print(server.server_address[1], file=out)
os.rename(os.path.join(sys.argv[1], "port.new"), os.path.join(sys.argv[1], "port"))
server.serve_forever()
