"""moto with its checks of signatures and rights on, and with a bucket, a user and a role in it.

    s3-moto.py PORT DIRECTORY

Writes DIRECTORY/ready when it can be asked: the user's key, its secret, the role's name.
"""
import json
import os
import sys
import time

port, directory = int(sys.argv[1]), sys.argv[2]
# Requests before this number are the ones below: nobody could be asked for rights to make them.
os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "6"

import boto3
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
server.start()


def client(service):
    return boto3.client(
        service, endpoint_url=f"http://127.0.0.1:{port}", region_name="eu-west-1",
        aws_access_key_id="setup", aws_secret_access_key="setup")


policy = json.dumps({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["s3:*", "sts:*"], "Resource": "*"}]})
trust = json.dumps({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]})
iam, s3 = client("iam"), client("s3")
iam.create_user(UserName="builder")
iam.put_user_policy(UserName="builder", PolicyName="cache", PolicyDocument=policy)
key = iam.create_access_key(UserName="builder")["AccessKey"]
s3.create_bucket(
    Bucket="cache", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
role = iam.create_role(RoleName="cache", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
iam.put_role_policy(RoleName="cache", PolicyName="cache", PolicyDocument=policy)
with open(f"{directory}/ready.new", "w") as file:
    file.write("\n".join([key["AccessKeyId"], key["SecretAccessKey"], role]))
os.rename(f"{directory}/ready.new", f"{directory}/ready")
while True:
    time.sleep(60)
