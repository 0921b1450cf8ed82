package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kgo"
)

func init() { register(newProduce) }

// producing is one run of the command.
type producing struct {
	client
	output
	topic    string
	keyDelim string
	acks     string
	codec    string

	mu     sync.Mutex
	facts  produceFacts
	failed error // the first failure
}

// produceFacts say what was acknowledged.
type produceFacts struct {
	Topic        string `json:"topic"`
	Acknowledged int64  `json:"acknowledged"`
	Bytes        int64  `json:"bytes"` // of keys and values
}

func newProduce() *cobra.Command {
	p := &producing{}
	cmd := &cobra.Command{
		Use:   "produce TOPIC",
		Short: "Append the lines of standard input to a topic",
		Long: `Each line becomes the value of one record. With --key-delim, what stands before the delimiter is its key, and
records of one key go to one partition: the same one that Kafka's Java client chooses. It ends when everything is
acknowledged, or at the first line that could not be appended.`,
		Example: `  echo hello | highwater produce greetings
  seq 1 100000 | highwater produce numbers -z zstd
  printf 'anna:1\nbert:2\n' | highwater produce scores --key-delim :`,
		Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p.topic, p.facts.Topic = args[0], args[0]
			return p.run(cmd)
		},
	}
	p.flags(cmd)
	p.flag(cmd)
	cmd.Flags().StringVar(&p.keyDelim, "key-delim", "", "what separates key and value in a line; none: no keys")
	cmd.Flags().StringVar(&p.acks, "acks", "all", "when a record counts as appended: all (durable), 1 or 0")
	cmd.Flags().StringVarP(&p.codec, "compression", "z", "none", "codec of the batches: none, gzip, snappy, lz4 or zstd")
	return cmd
}

func (p *producing) run(cmd *cobra.Command) error {
	opts, err := p.options()
	if err != nil {
		return err
	}
	cl, err := p.open(opts...)
	if err != nil {
		return err
	}
	defer cl.Close()
	if err := p.reach(cmd.Context(), cl); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(cmd.Context())
	defer cancel()
	readErr := p.produceLines(ctx, cl, cmd.InOrStdin())
	flushErr := cl.Flush(cmd.Context())

	p.mu.Lock()
	facts, failed := p.facts, p.failed
	p.mu.Unlock()
	err = p.print(cmd.OutOrStdout(), facts, func(io.Writer) {
		say(cmd.ErrOrStderr(), "%d record(s) acknowledged, %d bytes", facts.Acknowledged, facts.Bytes)
	})
	if failed != nil {
		failed = p.explainTopic(failed, p.topic)
	}
	return errors.Join(failed, readErr, flushErr, err)
}

func (p *producing) options() ([]kgo.Opt, error) {
	acks, ok := map[string]kgo.Acks{"all": kgo.AllISRAcks(), "-1": kgo.AllISRAcks(), "1": kgo.LeaderAck(), "0": kgo.NoAck()}[p.acks]
	if !ok {
		return nil, usage("--acks is all, 1 or 0, not %q", p.acks)
	}
	codec, ok := map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	}[p.codec]
	if !ok {
		return nil, usage("--compression is none, gzip, snappy, lz4 or zstd, not %q", p.codec)
	}
	opts := []kgo.Opt{
		kgo.DefaultProduceTopic(p.topic),
		kgo.RequiredAcks(acks),
		kgo.ProducerBatchCompression(codec),
		kgo.RecordPartitioner(javaPartitioner()),
		kgo.RecordDeliveryTimeout(p.timeout),
		kgo.MaxBufferedBytes(64 << 20),
		kgo.AllowAutoTopicCreation(),
	}
	if p.acks != "all" && p.acks != "-1" {
		opts = append(opts, kgo.DisableIdempotentWrite()) // idempotence needs every acknowledgement
	}
	return opts, nil
}

// javaPartitioner sends records of one key where Kafka's Java client sends them (murmur2 of the key, modulo the number
// of partitions), and records without a key in turns of one batch.
func javaPartitioner() kgo.Partitioner { return kgo.StickyKeyPartitioner(nil) }

// produceLines appends every line of in, and stops at the first failure.
func (p *producing) produceLines(ctx context.Context, cl *kgo.Client, in io.Reader) error {
	lines := bufio.NewReaderSize(in, 256<<10)
	for number := int64(1); ; number++ {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			record, bad := p.record(line, number)
			if bad != nil {
				return bad
			}
			cl.Produce(ctx, record, func(r *kgo.Record, err error) { p.acked(r, number, err) })
		}
		if errors.Is(err, io.EOF) || p.stopped() {
			return nil
		}
		if err != nil {
			return fmt.Errorf("standard input, line %d: %w", number, err)
		}
	}
}

func (p *producing) record(line []byte, number int64) (*kgo.Record, error) {
	text := strings.TrimSuffix(strings.TrimSuffix(string(line), "\n"), "\r")
	if p.keyDelim == "" {
		return kgo.StringRecord(text), nil
	}
	key, value, ok := strings.Cut(text, p.keyDelim)
	if !ok {
		return nil, fmt.Errorf("line %d has no %q between key and value", number, p.keyDelim)
	}
	return kgo.KeyStringRecord(key, value), nil
}

func (p *producing) acked(r *kgo.Record, number int64, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		if p.failed == nil {
			p.failed = fmt.Errorf("line %d: %w", number, err)
		}
		return
	}
	p.facts.Acknowledged++
	p.facts.Bytes += int64(len(r.Key) + len(r.Value))
}

func (p *producing) stopped() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failed != nil
}
