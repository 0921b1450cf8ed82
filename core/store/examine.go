package store

// Standing is what a store's small files say of it while nothing of it is opened.
type Standing struct {
	// Refusal is why Open would refuse the directory over these files, nil if it would not.
	Refusal *Refusal
	// Empty: it holds no store yet, and Open would make one.
	Empty bool
	// Hard is what the store last made durable; zero where it is refused or empty.
	Hard Hard
}

// Examine judges the small files as Open would. It looks into no frame of the journal: the chunks need no bytes. Whoever
// starts several stores of one broker asks it for each before the first one is opened, because opening changes a store: so a
// refusal of one leaves all of them as they were.
func Examine(f *Files) Standing {
	v := judge(f.evidence(&Store{cfg: Config{Machine: f.Machine, SegmentBytes: 1 << 62, IndexInterval: 4096}}))
	return Standing{Refusal: v.refusal, Empty: v.format, Hard: v.hard}
}
