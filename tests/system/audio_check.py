"""audio_check.py PAYLOADS RECORDING: whether a second of what a capture has (PCMA, a packet in hex a line) is in what
a phone recorded, sample for sample. The decoder is ours (ITU-T G.711), so that it is nobody's of the two."""
import sys
import wave

SECOND = 8000


def decode(byte):
    byte ^= 0x55
    exponent, mantissa = byte >> 4 & 7, byte & 15
    size = (mantissa << 4) + 8 if exponent == 0 else (mantissa << 4) + 0x108 << exponent - 1
    return size if byte & 0x80 else -size


def main():
    with open(sys.argv[1], encoding="ascii") as file:
        audio = b"".join(bytes.fromhex(line.strip().replace(":", "")) for line in file)
    samples = b"".join(decode(byte).to_bytes(2, "little", signed=True) for byte in audio)
    with wave.open(sys.argv[2]) as recording:
        heard = recording.readframes(1 << 24)
    seconds = len(samples) // (2 * SECOND)
    found = [at for at in range(seconds) if samples[at * 2 * SECOND:(at + 1) * 2 * SECOND] in heard]
    loud = max(samples[at:at + 1] != b"\0" for at in range(0, max(len(samples), 1)))
    print(f"{len(samples) // 2} samples captured, {len(heard) // 2} recorded, "
          f"of {seconds} seconds {len(found)} are in it")
    return 0 if found and loud else 1


sys.exit(main())
