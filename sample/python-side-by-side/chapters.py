"""The Python side: runs the chapters that it is told on standard input, and answers each call as JSON, line by line."""

import json
import sys

import memcache

servers = [tuple(server) for server in json.loads(sys.argv[1])]
# host_list with weights; debug=True tells on standard error what goes wrong; gets and cas need cache_cas.
mc = memcache.Client(servers, debug=True, cache_cas=True)


def sell():
    """Takes one of product_count, again and again until nobody was between the read and the write."""
    mc.debug = 0  # That others come between is what is meant here.
    while True:
        count = mc.gets("product_count")
        if count == 0:
            return None
        if mc.cas("product_count", count - 1):
            return count - 1


def gets_and_cas():
    mc.set("product_count", 900)
    read = mc.gets("product_count")
    return [read, mc.cas("product_count", read - 1), mc.get("product_count")]


CHAPTERS = {
    "set and get": lambda: [mc.set("name", "wupeiqi"), mc.get("name"), mc.get("nobody")],
    "add": lambda: [mc.add("k1", "v1"), mc.add("k1", "v2"), mc.get("k1")],
    "replace": lambda: [mc.replace("kkkk", "999"), mc.set("kkkk", "1"), mc.replace("kkkk", "999"), mc.get("kkkk")],
    "set_multi": lambda: [mc.set_multi({"key1": "val1", "key2": "val2"}), mc.get("key2")],
    "get_multi": lambda: [mc.get_multi(["key1", "key2", "key3"])],
    "delete": lambda: [mc.delete("key1"), mc.get("key1")],
    "delete_multi": lambda: [mc.set("key1", "val1"), mc.delete_multi(["key1", "key2"]), mc.get_multi(["key1", "key2"])],
    "append and prepend": lambda: [mc.set("k2", "v"), mc.append("k2", "after"), mc.prepend("k2", "before"), mc.get("k2")],
    "incr and decr": lambda: [mc.set("visits", 777), mc.incr("visits"), mc.incr("visits", 10), mc.decr("visits"), mc.decr("visits", 10)],
    "gets and cas": gets_and_cas,
    # Not of the tutorial: for what both do together.
    "write for node": lambda: [mc.set_multi({"python:%d" % at: "price %d" % at for at in range(100)})],
    "read of node": lambda: [sorted(mc.get_multi(["node:%d" % at for at in range(100)]).values())],
    "sell": lambda: [sell()],
}

for line in sys.stdin:
    try:
        answer = {"answers": CHAPTERS[line.strip()]()}
    except Exception as error:
        answer = {"error": "%s: %s" % (type(error).__name__, error)}
    print(json.dumps(answer), flush=True)
