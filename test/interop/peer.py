"""A python-memcached client at the other end of a pipe.

Started with the servers as JSON, [["127.0.0.1:11211", 1], ...]; then reads one call a line,
{"call": "set", "args": ["key", "value"], "kwargs": {}}, makes it on the client, and answers
{"result": ...} or {"error": "..."} on a line of its own.
"""

import json
import sys

import memcache


def main():
    servers = [tuple(server) for server in json.loads(sys.argv[1])]
    client = memcache.Client(servers, cache_cas=True)
    calls = {
        "server_of": lambda key: "%s:%s" % client._get_server(client._encode_key(key))[0].address,
        "type_of": lambda key: type(client.get(key)).__name__,
    }
    for line in sys.stdin:
        request = json.loads(line)
        name = request["call"]
        call = calls.get(name) or getattr(client, name)
        try:
            answer = {"result": call(*request.get("args", []), **request.get("kwargs", {}))}
        except Exception as error:
            answer = {"error": "%s: %s" % (type(error).__name__, error)}
        print(json.dumps(answer), flush=True)


main()
