"""What was acknowledged is there after kill -9: writers run, the cloud is killed at a random moment, started again.

DEW_CRASH_ROUNDS raises the number of rounds (`./dev crash`).
"""

import os
import random
import threading
import time

import botocore.exceptions
import pytest

ROUNDS = int(os.environ.get("DEW_CRASH_ROUNDS", "4"))


def writer(cloud, name, acknowledged, stop):
    """Puts items with growing counters and updates one; notes what was acknowledged."""
    client = cloud.client("dynamodb")
    count = 0
    while not stop.is_set():
        count += 1
        try:
            client.put_item(TableName="crash", Item={"id": {"S": f"{name}-{count}"}, "n": {"N": str(count)}})
            acknowledged["items"].append(count)
            client.update_item(TableName="crash", Key={"id": {"S": f"{name}-counter"}}, UpdateExpression="ADD n :one",
                               ExpressionAttributeValues={":one": {"N": "1"}})
            acknowledged["counter"] += 1
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
            return


@pytest.mark.timeout(60 + 10 * ROUNDS)
@pytest.mark.parametrize("flags", [(), ("--no-fsync",)], ids=["fsync", "no-fsync"])
def test_acknowledged_writes_survive_kill_9(new_cloud, flags):
    seed = random.randrange(1 << 30)
    chance = random.Random(seed)
    cloud = new_cloud(*flags)
    cloud.client("dynamodb").create_table(
        TableName="crash", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}], BillingMode="PAY_PER_REQUEST")
    everything = []
    for round_number in range(ROUNDS):
        stop = threading.Event()
        writers = []
        for index in range(4):
            acknowledged = {"name": f"r{round_number}w{index}", "items": [], "counter": 0}
            thread = threading.Thread(target=writer, args=(cloud, acknowledged["name"], acknowledged, stop))
            thread.start()
            writers.append((thread, acknowledged))
        time.sleep(chance.uniform(0.05, 0.5))
        cloud.kill()
        stop.set()
        for thread, acknowledged in writers:
            thread.join()
            everything.append(acknowledged)
        cloud.start()
        client = cloud.client("dynamodb")
        found = {}
        for page in client.get_paginator("scan").paginate(TableName="crash"):
            found.update((item["id"]["S"], int(item["n"]["N"])) for item in page["Items"])
        for acknowledged in everything:
            name = acknowledged["name"]
            missing = [n for n in acknowledged["items"] if found.get(f"{name}-{n}") != n]
            assert not missing, f"seed {seed}: lost {missing} of {name}"
            # The update in flight when the cloud died may or may not have happened.
            counter = found.get(f"{name}-counter", 0)
            assert counter in (acknowledged["counter"], acknowledged["counter"] + 1), f"seed {seed}: {name} {counter}"
    assert sum(len(a["items"]) for a in everything) > 0
