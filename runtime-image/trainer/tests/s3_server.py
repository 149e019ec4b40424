"""An S3 server that checks signatures, as a process of its own; its packages do not go with the trainer's.

usage: s3_server.py FOLDER   each folder in FOLDER becomes a bucket

Prints one line of JSON, {endpoint, accessKey, secretKey}, and ends when its standard input does.
"""

import json
import os
import sys
from pathlib import Path

# The calls that make the user and the buckets; every later one has to be signed with the user's key.
BUCKETS = {folder.name: folder for folder in sorted(Path(sys.argv[1]).iterdir()) if folder.is_dir()}
OBJECTS = [(bucket, path) for bucket, folder in BUCKETS.items() for path in sorted(folder.rglob("*")) if path.is_file()]
os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = str(3 + len(BUCKETS) + len(OBJECTS))

import boto3  # noqa: E402
from moto.server import ThreadedMotoServer  # noqa: E402

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
endpoint = f"http://{host}:{port}"


def client(service: str, key: str, secret: str) -> object:
    return boto3.client(
        service, endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id=key, aws_secret_access_key=secret
    )


iam = client("iam", "setup", "setup")
iam.create_user(UserName="reader")
made = iam.create_access_key(UserName="reader")["AccessKey"]
statement = [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]
policy = json.dumps({"Version": "2012-10-17", "Statement": statement})
iam.put_user_policy(UserName="reader", PolicyName="reads", PolicyDocument=policy)
s3 = client("s3", made["AccessKeyId"], made["SecretAccessKey"])
for bucket in BUCKETS:
    s3.create_bucket(Bucket=bucket)
for bucket, path in OBJECTS:
    s3.put_object(Bucket=bucket, Key=path.relative_to(BUCKETS[bucket]).as_posix(), Body=path.read_bytes())

print(json.dumps({"endpoint": endpoint, "accessKey": made["AccessKeyId"], "secretKey": made["SecretAccessKey"]}))
sys.stdout.flush()
sys.stdin.read()
server.stop()
