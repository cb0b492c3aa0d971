#!/usr/bin/env python3
"""Asks a DNS server for the IPv4 addresses of a name. usage: ask_dns.py ADDRESS PORT udp|tcp NAME; prints rcode and addresses"""
import socket
import struct
import sys


def exchange(address, port, transport, query):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM) as asker:
        asker.settimeout(5)
        asker.connect((address, port))
        if transport == "udp":
            asker.send(query)
            return asker.recv(65535)
        asker.sendall(struct.pack(">H", len(query)) + query)
        stream = asker.makefile("rb")
        return stream.read(struct.unpack(">H", stream.read(2))[0])


def main():
    address, port, transport, name = sys.argv[1:]
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    question = labels + b"\0" + struct.pack(">HH", 1, 1)
    reply = exchange(address, int(port), transport, struct.pack(">HHHHHH", 0x1234, 0x0100, 1, 0, 0, 0) + question)
    number, flags, _, answers = struct.unpack(">HHHH", reply[:8])
    if number != 0x1234:
        return 1
    # Records of addresses end with a length of 4 and the address; names before them are compressed.
    at, found = 12 + len(question), []
    for _ in range(answers):
        while reply[at] and reply[at] < 0xC0:
            at += reply[at] + 1
        at += 1 if reply[at] == 0 else 2
        kind, _, _, length = struct.unpack(">HHIH", reply[at:at + 10])
        at += 10
        if kind == 1:
            found.append(socket.inet_ntoa(reply[at:at + length]))
        at += length
    print(f"rcode {flags & 15}:", *sorted(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
