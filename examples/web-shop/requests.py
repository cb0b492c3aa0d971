#!/usr/bin/env python3
"""Writes a capture of first packets to the web shop's Services. usage: requests.py OUT.pcap"""
import ipaddress
import struct
import sys

TCP, UDP = 6, 17
REQUESTS = [  # source, destination, port, protocol
    ("10.244.1.5", "10.96.0.10", 80, TCP), ("10.244.1.5", "10.96.0.11", 80, TCP), ("10.244.1.5", "10.96.0.53", 53, UDP),
    ("10.244.1.13", "10.96.0.13", 80, TCP), ("10.244.1.5", "10.96.0.14", 50051, TCP), ("10.244.1.5", "8.8.8.8", 53, UDP),
    ("203.0.113.2", "192.168.0.2", 30080, TCP), ("203.0.113.2", "198.51.100.10", 80, TCP), ("203.0.113.2", "192.168.0.2", 22, TCP)]


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def frame(source, destination, source_port, port, protocol):
    addresses = ipaddress.ip_address(source).packed + ipaddress.ip_address(destination).packed
    if protocol == TCP:
        segment = lambda value: struct.pack("!HHIIBBHHH", source_port, port, 1, 0, 0x50, 2, 64240, value, 0)
    else:
        segment = lambda value: struct.pack("!HHHH4s", source_port, port, 12, value, b"ping")
    pseudo = addresses + struct.pack("!HH", protocol, len(segment(0)))
    body = segment(checksum(pseudo + segment(0)))
    header = lambda value: struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0x4000, 64, protocol, value) + addresses
    ethernet = bytes.fromhex("020000000101") + bytes.fromhex("020000000909") + b"\x08\x00"
    return ethernet + header(checksum(header(0))) + body


def main():
    with open(sys.argv[1], "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for number in range(20):
            for source, destination, port, protocol in REQUESTS:
                data = frame(source, destination, 40000 + number, port, protocol)
                out.write(struct.pack("<IIII", number, 0, len(data), len(data)) + data)


if __name__ == "__main__":
    main()
