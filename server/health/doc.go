// Package health says whether a broker lives and whether it serves, to whoever probes it over HTTP.
//
//	/livez  --> Live checks:  does each loop turn?          503: end the process and start it anew
//	/readyz --> Ready checks: are requests served now?      503: send clients elsewhere, and wait
//
// Life of an answer: each probe asks anew, and nothing is kept. 200 or 503, and a sentence for each check that failed; with ?verbose, or
// to a client that accepts application/json, the checks that passed too.
//
// What it does not do: it measures nothing itself. Who makes the checks must not wait for what is checked.
package health
