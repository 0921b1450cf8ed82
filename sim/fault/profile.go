package fault

// Profile says which families a run draws from: each is on in Num of Den seeds.
type Profile struct {
	Name     string
	Weight   int // how many seeds it gets where no profile is asked for, beside the others; 0 for none
	Families []Chance
}

// Chance is how often a family is on.
type Chance struct {
	Family   Family
	Num, Den uint64
}

// Drawn is the name of the profile that is another one for each seed.
const Drawn = "drawn"

// profiles are the known ones. Crashes are on in most runs of each: what else breaks matters most where something is lost with it.
var profiles = []Profile{
	{Name: "calm", Weight: 1},
	{Name: "crash", Weight: 4, Families: []Chance{{Crash, 1, 1}}},
	{Name: "disk", Weight: 4, Families: []Chance{
		{Crash, 7, 8}, {SlowDisk, 1, 4}, {ReadError, 1, 4}, {WriteError, 1, 4}, {SyncError, 1, 4}, {Slot, 1, 4}, {NoSpace, 1, 6},
		{PutBack, 1, 4}, {Spoil, 1, 8}, {Net, 1, 4},
	}},
	{Name: "starts", Weight: 3, Families: []Chance{{BootCrash, 7, 8}, {Stop, 7, 8}, {Crash, 1, 2}, {SyncError, 1, 8}, {Slot, 1, 8}, {Net, 1, 2}}},
	{Name: "network", Weight: 4, Families: []Chance{{Net, 1, 1}, {Crash, 7, 8}}},
	{Name: "clock", Weight: 2, Families: []Chance{{Clock, 1, 1}, {Crash, 7, 8}, {Net, 1, 4}}},
	{Name: "pauses", Weight: 2, Families: []Chance{{Pause, 1, 1}, {Crash, 7, 8}, {Net, 1, 2}, {SlowDisk, 1, 4}}},
	{Name: "boundaries", Weight: 1, Families: []Chance{{Boundary, 1, 1}, {Crash, 7, 8}, {Net, 1, 4}}},
	{Name: "rot", Weight: 1, Families: []Chance{{Crash, 1, 1}, {Rot, 1, 2}, {Spoil, 3, 4}}},
	{Name: "full", Families: []Chance{{NoSpace, 1, 1}, {Crash, 1, 2}}},
	{Name: "older", Families: []Chance{{PutBack, 1, 1}, {Crash, 1, 2}}},
	{Name: "all", Weight: 4, Families: []Chance{
		{Crash, 7, 8}, {Net, 1, 2}, {SlowDisk, 1, 3}, {ReadError, 1, 4}, {WriteError, 1, 4}, {Clock, 1, 3}, {Pause, 1, 3},
		{Boundary, 1, 8}, {Rot, 1, 16}, {SyncError, 1, 8}, {BootCrash, 1, 4}, {Stop, 1, 4}, {Slot, 1, 4}, {NoSpace, 1, 8}, {PutBack, 1, 8},
		{Spoil, 1, 16},
	}},
}

// Profiles are the names of the profiles, the default first: it draws one of the others for each seed.
func Profiles() []string {
	names := []string{Drawn}
	for i := range profiles {
		names = append(names, profiles[i].Name)
	}
	return names
}

// ProfileOf finds a profile for a seed; the empty name is the default.
func ProfileOf(seed uint64, name string) (Profile, bool) {
	if name == "" || name == Drawn {
		return drawn(seed), true
	}
	for i := range profiles {
		if profiles[i].Name == name {
			return profiles[i], true
		}
	}
	return Profile{}, false
}

func drawn(seed uint64) Profile {
	total := 0
	for i := range profiles {
		total += profiles[i].Weight
	}
	at := NewRand(seed, StreamProfile, 0).Below(0, total)
	for i := range profiles {
		if at -= profiles[i].Weight; at < 0 {
			return profiles[i]
		}
	}
	panic("fault: no profile has a weight")
}

// On reports whether a family is on for a seed. Its switch is its own: another family in the profile changes nothing.
func (p *Profile) On(seed uint64, f Family) bool {
	for _, c := range p.Families {
		if c.Family == f {
			return NewRand(seed, StreamShape, uint64(kinOf(f).stream)).At(0)%c.Den < c.Num
		}
	}
	return false
}
