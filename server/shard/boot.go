package shard

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"

	"github.com/highwater-log/highwater/core/broker"
	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/metadata"
	"github.com/highwater-log/highwater/core/store"
	"github.com/highwater-log/highwater/server/config"
)

// entropy gives the core its dice: the operating system's randomness, of which keys and identities may be made.
type entropy struct{}

// Uint64 implements controller.Dice.
func (entropy) Uint64() uint64 {
	var p [8]byte
	_, _ = rand.Read(p[:]) // it never fails: the runtime ends the process if it would
	return binary.LittleEndian.Uint64(p[:])
}

// brokerConfig is that of a broker of so many shards. The listeners are open already: a port 0 has become a number.
func (s *Server) brokerConfig(shards int) (broker.Config, error) {
	c := broker.Production(entropy{})
	c.Node = event.NodeID(s.config.NodeID)
	at, err := s.advertised()
	if err != nil {
		return c, err
	}
	c.Endpoints = []metadata.Endpoint{{Name: "PLAINTEXT", Host: at.Host, Port: uint16(at.Port)}}
	c.Configs = coreConfigs(&s.config)
	c.SetShards(shards, entropy{})
	c.SetJournalBytes(s.config.JournalBytes)
	c.Home.Alloc = s.buffers.Alloc
	for i := range c.Shards {
		c.Shards[i].Alloc = s.buffers.Alloc
	}
	return c, nil
}

// shardsAtMost is how many shards a new directory gets by itself: each has a ring of its own on the disk.
const shardsAtMost = 16

// shardCount is how many shards the broker is to have: what the configuration says, else what the directory, of which home says
// hard, has, or will have when what it has begun is finished.
func (s *Server) shardCount(hard store.Hard) int {
	switch {
	case s.config.Shards != 0:
		return s.config.Shards
	case hard.Cluster.IsZero():
		return min(runtime.GOMAXPROCS(0), shardsAtMost)
	case hard.Moving != 0:
		return int(hard.Moving)
	}
	return recorded(hard)
}

// advertised is the address that clients are told to connect to.
func (s *Server) advertised() (config.Address, error) {
	host, port, err := net.SplitHostPort(s.listeners[0].Addr().String())
	if err != nil {
		return config.Address{}, fmt.Errorf("address of the first listener: %w", err)
	}
	bound, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return config.Address{}, fmt.Errorf("port of the first listener: %w", err)
	}
	at := s.config.Listen[0]
	if len(s.config.Advertised) > 0 {
		at = s.config.Advertised[0]
	}
	if at.Port == 0 {
		at.Port = int32(bound)
	}
	if !at.Everywhere() {
		return at, nil
	}
	if at.Host, err = os.Hostname(); err != nil {
		at.Host = host
	}
	if _, err := net.LookupHost(at.Host); err != nil {
		s.log.Warn("clients are told a name that this machine cannot resolve: set "+config.Advertised,
			"name", at.Host, "error", err)
	}
	return at, nil
}

// coreConfigs are the configurations that were set and that the core knows, by Kafka's names and in Kafka's spelling.
func coreConfigs(c *config.Config) []event.ConfigEntry {
	var entries []event.ConfigEntry
	for _, key := range c.Set {
		if value, known := coreConfig(c, key); known {
			entries = append(entries, event.ConfigEntry{Key: key, Value: value})
		}
	}
	return entries
}

func coreConfig(c *config.Config, key string) (value string, known bool) {
	switch key {
	case config.NodeID:
		return strconv.Itoa(int(c.NodeID)), true
	case config.LogDirs:
		return c.DataDir, true
	case config.Listeners:
		return urls(c.Listen), true
	case config.Advertised:
		return urls(c.Advertised), true
	case config.Partitions:
		return strconv.Itoa(int(c.Partitions)), true
	case config.AutoCreate:
		return strconv.FormatBool(c.AutoCreate), true
	case config.MaxMessage:
		return strconv.Itoa(int(c.MaxMessageBytes)), true
	case config.Segment:
		return strconv.FormatInt(c.SegmentBytes, 10), true
	case config.RetentionMs:
		return strconv.FormatInt(c.RetentionMs, 10), true
	case config.RetentionMinutes:
		return strconv.FormatInt(c.RetentionMinutes, 10), true
	case config.RetentionHours:
		return strconv.FormatInt(c.RetentionHours, 10), true
	case config.RetentionBytes:
		return strconv.FormatInt(c.RetentionBytes, 10), true
	case config.RollMs:
		return strconv.FormatInt(c.RollMs, 10), true
	case config.RollHours:
		return strconv.FormatInt(c.RollHours, 10), true
	case config.RetentionCheck:
		return strconv.FormatInt(c.RetentionCheckMs, 10), true
	case config.MaxRequest:
		return strconv.Itoa(int(c.MaxRequestBytes)), true
	}
	return "", false
}

func urls(addresses []config.Address) string {
	var texts []string
	for _, a := range addresses {
		texts = append(texts, "PLAINTEXT://"+a.String())
	}
	return strings.Join(texts, ",")
}
