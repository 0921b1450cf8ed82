"""A round trip with confluent-kafka-python (librdkafka): keys, headers, timestamps, every codec; watermarks and time lookup."""

import sys

from confluent_kafka import Consumer, Producer, TopicPartition

server = sys.argv[1]
for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
    topic = f"py-{codec}"
    producer = Producer({"bootstrap.servers": server, "compression.type": codec, "enable.idempotence": True})
    failures = []
    sent = []
    for i in range(20000):
        key, value = b"k%d" % (i % 97), b"value-%d-" % i + b"x" * (i % 200)
        headers = [("n", b"%d" % i), ("empty", b"")]
        sent.append((key, value, headers, 1_700_000_000_000 + i))
        while True:
            try:
                producer.produce(topic, value, key, partition=0, timestamp=sent[-1][3], headers=headers,
                                 on_delivery=lambda err, _: failures.append(err) if err else None)
                break
            except BufferError:
                producer.poll(0.1)
    producer.flush(60)
    assert not failures, failures[:3]

    consumer = Consumer({"bootstrap.servers": server, "group.id": "unused", "enable.auto.commit": False})
    tp = TopicPartition(topic, 0, 0)
    low, high = consumer.get_watermark_offsets(tp, timeout=20)
    assert (low, high) == (0, len(sent)), (low, high)
    found = consumer.offsets_for_times([TopicPartition(topic, 0, sent[12345][3])], timeout=20)
    assert found[0].offset == 12345, found
    consumer.assign([tp])
    got = 0
    while got < len(sent):
        messages = consumer.consume(1000, timeout=20)
        assert messages, f"{topic}: stuck at {got}"
        for m in messages:
            assert m.error() is None, m.error()
            key, value, headers, ts = sent[got]
            assert (m.offset(), m.key(), m.value(), m.headers(), m.timestamp()[1]) == (got, key, value, headers, ts)
            got += 1
    consumer.close()
print("5 codecs, 100000 records, identical")
