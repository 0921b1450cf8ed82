package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/highwater-log/highwater/server/config"
	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// client is what all commands that talk to a broker share.
type client struct {
	bootstrap []string
	timeout   time.Duration
}

func (c *client) flags(cmd *cobra.Command) {
	cmd.Flags().StringSliceVarP(&c.bootstrap, "bootstrap-server", "b", []string{"127.0.0.1:9092"},
		"brokers to begin with, `HOST:PORT`,...")
	cmd.Flags().DurationVar(&c.timeout, "timeout", 30*time.Second, "how long to wait for a broker's answer")
}

// open makes a client. Whoever calls it closes it.
func (c *client) open(opts ...kgo.Opt) (*kgo.Client, error) {
	for _, b := range c.bootstrap {
		if _, err := config.ParseAddress(b); err != nil {
			return nil, usage("--bootstrap-server: %w", err)
		}
	}
	base := []kgo.Opt{
		kgo.SeedBrokers(c.bootstrap...),
		kgo.ClientID("highwater"),
		kgo.RetryTimeout(c.timeout),
		kgo.DialTimeout(min(c.timeout, 5*time.Second)),
	}
	return kgo.NewClient(append(base, opts...)...)
}

// ask runs one question to the cluster under the timeout.
func (c *client) ask(ctx context.Context, question func(ctx context.Context, admin *kadm.Client) error) error {
	cl, err := c.open()
	if err != nil {
		return err
	}
	defer cl.Close()
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	if err := c.reach(ctx, cl); err != nil {
		return err
	}
	return c.explain(question(ctx, kadm.NewClient(cl)))
}

// reach makes sure that a broker answers at all, so that a wrong address is told at once and not when patience ends. Patience
// ends it in any case: the library heeds no context while it waits for a server's first words.
func (c *client) reach(ctx context.Context, cl *kgo.Client) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	answered := make(chan error, 1)
	go func() { answered <- cl.Ping(ctx) }()
	select {
	case err := <-answered:
		return c.explain(err)
	case <-ctx.Done():
		return c.explain(ctx.Err())
	}
}

// explain adds to an error what to do about it.
func (c *client) explain(err error) error {
	var dial *net.OpError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, kgo.ErrRecordTimeout):
		return withCode(exitTimeout, "no answer within %s: %w", c.timeout, err)
	case errors.As(err, &dial) && dial.Op == "dial":
		return fmt.Errorf("no broker answers at %s: %w\nStart one with: highwater serve", strings.Join(c.bootstrap, ","), err)
	}
	return err
}

// explainTopic is explain for an error about one topic.
func (c *client) explainTopic(err error, topic string) error {
	switch {
	case errors.Is(err, kerr.UnknownTopicOrPartition):
		return fmt.Errorf("topic %q does not exist\nCreate it with: highwater topic create %s", topic, topic)
	case errors.Is(err, kerr.TopicAlreadyExists):
		return fmt.Errorf("topic %q already exists", topic)
	}
	return c.explain(err)
}
