// Package metrics counts what a broker does, and says it in the text format of Prometheus.
//
//	readers, writers of connections --add--> Stripe (one of several, by connection) --+
//	loop of a cell --at most ten times a second--> Cell: a copy of its Stats          +--summed at a scrape--> Collector
//	             \--each durable write--> Cell: a histogram                           |
//	listener, ends of connections --add--> Connections                                |
//	what is kept anyway (open connections, memory, disk) --asked at a scrape--> Facts-+
//
// Life of a number: it is added to where the thing happens, with one atomic addition and no allocation, in a place that few
// others touch. A scrape sums the places up. Nothing of it is kept in the library: that one only writes the text.
//
// Laws:
//
//	MT-1  Counting a request, a frame of bytes or a flush allocates nothing.
//	MT-2  A loop never waits for a scrape: while its Cell is being read it keeps its numbers for the next turn.
//	MT-3  Every metric has a row in docs/OPERATIONS.md, and every row has a metric.
//
// What it does not do: no metric has a label that a client chooses, such as a topic or a client id, so that no client decides
// how many there are.
//
// Start reading at broker.go, then stripe.go and cell.go; collector.go has the names.
package metrics
