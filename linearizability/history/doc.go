// Package history is what clients saw of a run: every operation with the moments at which it was called and returned,
// what it asked and what it was told. It is recorded by simulated and real clients alike, and judged by packages that
// know nothing else.
//
//	client  |--produce 3 values--------------|          ok, offset 40
//	client           |--fetch from 38-------------|     ok, records 38..42
//	           invoke                    return         moments: numbers that grow, shared by all clients
//
// Moments are event numbers, not times: ties would be lies about real order. An operation whose outcome its client never
// learned has Outcome Unknown and no Return: it may take effect at any moment after its Invoke, once or never.
//
// A Value names one record for ever: its writer and the record's number there. Its bytes are self-describing, so that a
// record that nobody wrote, or that changed, is seen as Foreign.
//
// The file form is NDJSON: one operation per line, in the order of their calls.
package history
