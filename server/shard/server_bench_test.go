package shard

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"testing"

	"github.com/highwater-log/highwater/server/config"
	"github.com/twmb/franz-go/pkg/kgo"
)

// BenchmarkProduce is what one client on the same machine gets through, acks=all: its own work is part of the figure.
func BenchmarkProduce(b *testing.B) {
	for _, size := range []int{100, 1 << 10, 16 << 10, 128 << 10} {
		for _, shards := range []string{"1", "2", "4"} {
			for _, loop := range []string{config.LoopPosix, config.LoopAuto} {
				b.Run(fmt.Sprintf("%dB/%s-shards/%s", size, shards, loop), func(b *testing.B) { benchProduce(b, size, shards, loop) })
			}
		}
	}
}

func benchProduce(b *testing.B, size int, shards, loop string) {
	c, err := config.Load("", nil, []config.Setting{
		{Key: config.LogDirs, Value: b.TempDir()}, {Key: config.Listeners, Value: "127.0.0.1:0"}, {Key: config.Partitions, Value: "8"},
		{Key: config.DiskLoop, Value: loop}, {Key: config.Shards, Value: shards},
	})
	if err != nil {
		b.Fatal(err)
	}
	s, err := Start(c, Options{Log: slog.New(slog.DiscardHandler), Fatal: func(p any, _ func(io.Writer)) { panic(p) }})
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		s.Stop()
		if err := s.Wait(); err != nil {
			b.Error(err)
		}
	}()
	<-s.Ready()
	cl, err := kgo.NewClient(kgo.SeedBrokers(s.Addresses()...), kgo.DefaultProduceTopic("bench"), kgo.AllowAutoTopicCreation(),
		kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.MaxBufferedRecords(max(64, 32<<20/size)))
	if err != nil {
		b.Fatal(err)
	}
	defer cl.Close()
	value := bytes.Repeat([]byte{'v'}, size)
	if err := cl.ProduceSync(b.Context(), kgo.SliceRecord(value)).FirstErr(); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(size))
	for b.Loop() {
		cl.Produce(b.Context(), kgo.SliceRecord(value), func(_ *kgo.Record, err error) {
			if err != nil {
				b.Error(err)
			}
		})
	}
	if err := cl.Flush(b.Context()); err != nil {
		b.Error(err)
	}
}
