#!/usr/bin/env python3
"""SCTP (RFC 9260) by raw sockets, where the kernel has none: one packet there, one back, as many times as asked.

usage: sctp.py serve
       sctp.py ask ADDRESS PORT FIRST-PORT COUNT
`serve` answers every packet to this host with who it is and whom it saw. `ask` sends a packet from each of COUNT ports
and prints the answers.
"""
import socket
import struct
import sys

SCTP = 132


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def packet(source_port, destination_port, text):
    """A common header and a DATA chunk (3.1, 3.3.1)."""
    payload = text.encode()
    chunk = struct.pack(">BBHIHHI", 0, 3, 16 + len(payload), 1, 0, 0, 0) + payload + bytes(-len(payload) % 4)
    head = struct.pack(">HHI", source_port, destination_port, 1)
    return head + struct.pack("<I", crc32c(head + bytes(4) + chunk)) + chunk


def parsed(datagram):
    """From, to, ports and text of what a raw socket received; None: its checksum is wrong."""
    transport = datagram[(datagram[0] & 15) * 4:]
    if struct.unpack("<I", transport[8:12])[0] != crc32c(transport[:8] + bytes(4) + transport[12:]):
        return None
    length = struct.unpack(">H", transport[14:16])[0]
    ends = [socket.inet_ntoa(datagram[at:at + 4]) for at in (12, 16)]
    return (*ends, *struct.unpack(">HH", transport[:4]), transport[28:12 + length].decode())


def raw_socket():
    return socket.socket(socket.AF_INET, socket.SOCK_RAW, SCTP)


def serve():
    server = raw_socket()
    while True:
        received = parsed(server.recv(65535))
        if received:
            source, own, source_port, own_port, _ = received
            server.sendto(packet(own_port, source_port, f"{own} saw {source}:{source_port}"), (source, 0))


def answer(client, address, port, own_port):
    """What is answered to own_port; asks again where nothing comes, as an association would."""
    for _ in range(20):
        client.sendto(packet(own_port, port, "who"), (address, 0))
        try:
            while True:
                received = parsed(client.recv(65535))
                if received and received[0] == address and received[2:4] == (port, own_port):
                    return received[4]
        except TimeoutError:
            continue
    return "is not answered"


def ask(address, port, first, count):
    client = raw_socket()
    client.settimeout(0.5)
    for own_port in range(first, first + count):
        print(own_port, answer(client, address, port, own_port))


if __name__ == "__main__":
    serve() if sys.argv[1] == "serve" else ask(sys.argv[2], *map(int, sys.argv[3:]))
