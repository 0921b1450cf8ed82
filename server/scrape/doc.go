// Package scrape holds no code but tests: the real binary is put under load and asked for its metrics and probes, and what it says must
// be what its clients did, to the byte.
//
//	kgo, with hooks that count --load--> highwater (a process) <--/metrics, /livez, /readyz-- the test
//	      \__________________ the same numbers __________________________________/
//
// What it does not do: names and format of the metrics are held in server/metrics.
package scrape
