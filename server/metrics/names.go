package metrics

import "github.com/prometheus/client_golang/prometheus"

// descs are all metrics of a broker. Their names are a contract: dashboards and alerts know them.
var descs []*prometheus.Desc

func metric(name, help string, labels ...string) *prometheus.Desc {
	d := prometheus.NewDesc("highwater_"+name, help, labels, nil)
	descs = append(descs, d)
	return d
}

// Of requests.
var (
	requestsTotal  = metric("requests_total", "Requests that were answered, by API.", "api")
	requestErrors  = metric("request_errors_total", "Error codes in answers of the broker, by API: one for each partition, topic or resource that got one.", "api", "error")
	requestSeconds = metric("request_duration_seconds", "From a whole request to its encoded answer. A Fetch includes the wait that its client asked for.", "api")

	requestsInFlight  = metric("requests_in_flight", "Requests that the broker has taken and not answered.")
	requestBytes      = metric("request_memory_bytes", "Bytes of the requests that the broker has taken and not answered.")
	requestBytesLimit = metric("request_memory_limit_bytes", "What highwater_request_memory_bytes may grow to; beyond it, connections wait.")
	connectionBytes   = metric("connection_memory_bytes", "Bytes of requests, whole or not, and of answers that connections hold.")

	receivedBytes = metric("received_bytes_total", "Bytes that came from clients.")
	sentBytes     = metric("sent_bytes_total", "Bytes that went to clients.")
)

// Of connections.
var (
	connections        = metric("connections", "Open connections of clients.")
	connectionsOpened  = metric("connections_opened_total", "Connections that were let in.")
	connectionsRefused = metric("connections_refused_total", "Connections that were turned away, by reason.", "reason")
	connectionsEnded   = metric("connections_ended_total", "Connections that were let in and have ended, by reason.", "reason")
)

// Of logs.
var (
	appendedBatches = metric("appended_batches_total", "Record batches that were appended, by cell.", "cell")
	appendedRecords = metric("appended_records_total", "Records that were appended, by cell.", "cell")
	appendedBytes   = metric("appended_bytes_total", "Bytes of record batches, as compressed by their clients, that were appended, by cell.", "cell")
	fetchedBytes    = metric("fetched_bytes_total", "Bytes of record batches in answers to Fetch.")

	produceHeld      = metric("produce_held", "Produce requests that wait for room in the journal, by cell.", "cell")
	produceThrottled = metric("produce_throttled_total", "Produce requests that ever had to wait for room in the journal, by cell.", "cell")

	partitions        = metric("partitions", "Partitions that are held, by cell.", "cell")
	partitionsOffline = metric("partitions_offline", "Partitions that take no appends because data of them is lost or rotten: met by a recovery, or by a read.", "found")
	tailBytes         = metric("tail_bytes", "Bytes of record batches in memory, by cell: not in their segments yet, or kept for readers.", "cell", "state")
)

// Of the disk.
var (
	flushSeconds    = metric("flush_duration_seconds", "From the submission of a durable write to the turn that learned of its end, by what it is for.", "target")
	journalOccupied = metric("journal_occupied_bytes", "Bytes of the journal, and of what it refers to, that must stay until a checkpoint.", "store")
	journalCapacity = metric("journal_capacity_bytes", "Bytes of the whole journal ring.", "store")
	journalFlying   = metric("journal_frames_in_flight", "Frames of the journal on their way to the disk.", "store")
	readFailures    = metric("read_verification_failures_total", "Reads of segments that failed, or whose bytes did not verify: every try counts.", "store")
	diskFree        = metric("disk_free_bytes", "Bytes that this user may still write to the file system of the data directory.")
	diskSize        = metric("disk_size_bytes", "Size of the file system of the data directory.")
)

// Of the process.
var (
	readyNow    = metric("ready", "1 where requests are served.")
	loopTurns   = metric("loop_turns_total", "Turns of the loop of a cell.", "cell")
	loopEvents  = metric("loop_events_total", "Events that the loop of a cell has given to it.", "cell")
	bufferBytes = metric("buffer_bytes", "Memory outside of the collector, for frames and reads: in use, or kept for use.", "state")
)
