package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

func init() { register(newConsume) }

// consuming is one run of the command.
type consuming struct {
	client
	output
	topic      string
	from       string
	partitions []int32
	format     string
	follow     bool
	limit      int64

	print   printer
	printed int64
	at, end map[int32]int64 // per partition: next offset to read, and where to stop
}

func newConsume() *cobra.Command {
	c := &consuming{}
	cmd := &cobra.Command{
		Use:   "consume TOPIC",
		Short: "Print the records of a topic, up to its end",
		Long: `It reads every partition up to the end that it has now and stops by itself; with --follow it waits for more.

--from is where to begin: start, end, an OFFSET (negative: that many before the end), a TIME (2006-01-02T15:04:05Z or
2006-01-02: the first record from then on), or a duration such as 90s or 15m before now.

--format is franz-go's record layout: %t topic, %p partition, %o offset, %k key, %v value, %d timestamp in
milliseconds, %h{ %k=%v } headers, %K and %V lengths, and the escapes \n \t \xNN.`,
		Example: `  highwater consume greetings
  highwater consume greetings --follow
  highwater consume orders --from 15m --format '%p %o %k %v\n'
  highwater consume orders --from -10 --output json`,
		Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c.topic = args[0]
			return c.run(cmd)
		},
	}
	c.flags(cmd)
	c.flag(cmd)
	cmd.Flags().StringVar(&c.from, "from", "start", "where to begin: start, end, OFFSET, TIME or a duration before now")
	cmd.Flags().Int32SliceVarP(&c.partitions, "partition", "p", nil, "only these partitions")
	cmd.Flags().StringVarP(&c.format, "format", "f", `%v\n`, "how a record is printed")
	cmd.Flags().BoolVar(&c.follow, "follow", false, "do not stop at the end")
	cmd.Flags().Int64VarP(&c.limit, "number", "n", 0, "stop after that many records; 0: no limit")
	return cmd
}

func (c *consuming) run(cmd *cobra.Command) (err error) {
	if c.print, err = c.printer(); err != nil {
		return err
	}
	if err := c.ask(cmd.Context(), c.window); err != nil {
		return err
	}
	if !c.follow && c.done() {
		return nil
	}
	cl, err := c.open(kgo.ConsumePartitions(c.starts()), kgo.KeepControlRecords(), kgo.FetchMaxWait(500*time.Millisecond))
	if err != nil {
		return err
	}
	defer cl.Close()
	out := bufio.NewWriterSize(cmd.OutOrStdout(), 64<<10)
	return errors.Join(c.read(cmd.Context(), cl, out), out.Flush())
}

// printer is how one record is rendered: its line is appended to the first argument.
type printer func(line []byte, r *kgo.Record) []byte

func (c *consuming) printer() (printer, error) {
	if c.json() {
		return appendRecordJSON, nil
	}
	f, err := kgo.NewRecordFormatter(c.format)
	if err != nil {
		return nil, usage("--format: %w", err)
	}
	return f.AppendRecord, nil
}

// window finds where each partition begins and ends.
func (c *consuming) window(ctx context.Context, admin *kadm.Client) error {
	starts, err := admin.ListStartOffsets(ctx, c.topic)
	if err == nil {
		err = starts.Error()
	}
	if err != nil {
		return c.explainTopic(err, c.topic)
	}
	ends, err := admin.ListEndOffsets(ctx, c.topic)
	if err == nil {
		err = ends.Error()
	}
	if err != nil {
		return c.explainTopic(err, c.topic)
	}
	from, err := c.parseFrom(ctx, admin, starts, ends)
	if err != nil {
		return err
	}
	wanted := make(map[int32]bool)
	for _, p := range c.partitions {
		if _, ok := starts.Lookup(c.topic, p); !ok {
			return fmt.Errorf("topic %q has no partition %d", c.topic, p)
		}
		wanted[p] = true
	}
	c.at, c.end = make(map[int32]int64), make(map[int32]int64)
	starts.Each(func(start kadm.ListedOffset) {
		if len(wanted) > 0 && !wanted[start.Partition] {
			return
		}
		end, _ := ends.Lookup(c.topic, start.Partition)
		c.end[start.Partition] = end.Offset
		c.at[start.Partition] = min(max(from(start.Partition), start.Offset), end.Offset)
	})
	return nil
}

// parseFrom reads --from as a function from a partition to its first offset.
func (c *consuming) parseFrom(
	ctx context.Context, admin *kadm.Client, starts, ends kadm.ListedOffsets,
) (func(partition int32) int64, error) {
	offset := func(o kadm.ListedOffsets, p int32) int64 {
		found, _ := o.Lookup(c.topic, p)
		return found.Offset
	}
	switch c.from {
	case "start":
		return func(p int32) int64 { return offset(starts, p) }, nil
	case "end":
		return func(p int32) int64 { return offset(ends, p) }, nil
	}
	if n, err := strconv.ParseInt(c.from, 10, 64); err == nil {
		if n < 0 {
			return func(p int32) int64 { return offset(ends, p) + n }, nil
		}
		return func(int32) int64 { return n }, nil
	}
	when, err := parseTime(c.from, time.Now())
	if err != nil {
		return nil, err
	}
	found, err := admin.ListOffsetsAfterMilli(ctx, when.UnixMilli(), c.topic)
	if err == nil {
		err = found.Error()
	}
	return func(p int32) int64 { return offset(found, p) }, err
}

// parseTime reads a point in time, or a duration before now.
func parseTime(text string, now time.Time) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return t, nil
		}
	}
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	return time.Time{}, usage("--from is start, end, an offset, a time or a duration, not %q", text)
}

func (c *consuming) starts() map[string]map[int32]kgo.Offset {
	offsets := make(map[int32]kgo.Offset)
	for p, at := range c.at {
		if c.follow || at < c.end[p] {
			offsets[p] = kgo.NewOffset().At(at)
		}
	}
	return map[string]map[int32]kgo.Offset{c.topic: offsets}
}

// done reports whether every partition was read up to the end it had.
func (c *consuming) done() bool {
	for p, at := range c.at {
		if at < c.end[p] {
			return false
		}
	}
	return true
}

// poll waits for records: for ever if it follows, else only as long as a broker may take to answer.
func (c *consuming) poll(ctx context.Context, cl *kgo.Client) kgo.Fetches {
	if c.follow {
		return cl.PollFetches(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	return cl.PollFetches(ctx)
}

func (c *consuming) read(ctx context.Context, cl *kgo.Client, out *bufio.Writer) error {
	var line []byte
	for {
		fetches := c.poll(ctx, cl)
		if ctx.Err() != nil {
			return nil // interrupted: what was printed is what was wanted
		}
		if errors.Is(fetches.Err0(), context.DeadlineExceeded) {
			return withCode(exitTimeout, "nothing came for %s, and the end is not reached: %d record(s) printed", c.timeout, c.printed)
		}
		for _, failed := range fetches.Errors() {
			return c.explainTopic(fmt.Errorf("partition %d: %w", failed.Partition, failed.Err), c.topic)
		}
		for records := fetches.RecordIter(); !records.Done(); {
			r := records.Next()
			if !c.follow && r.Offset >= c.end[r.Partition] {
				continue
			}
			c.at[r.Partition] = r.Offset + 1
			if r.Attrs.IsControl() {
				continue
			}
			line = c.print(line[:0], r)
			if _, err := out.Write(line); err != nil {
				return fmt.Errorf("print: %w", err)
			}
			if c.printed++; c.printed == c.limit {
				return nil
			}
		}
		if err := out.Flush(); err != nil {
			return fmt.Errorf("print: %w", err)
		}
		if !c.follow && c.done() {
			return nil
		}
	}
}
