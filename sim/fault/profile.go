package fault

// Profile says which families a sweep draws from: each is on in Num of Den seeds.
type Profile struct {
	Name     string
	Families []Chance
}

// Chance is how often a family is on.
type Chance struct {
	Family   Family
	Num, Den uint64
}

// profiles are the known ones, the default first.
var profiles = []Profile{
	{Name: "default", Families: []Chance{
		{Crash, 15, 16}, {Net, 1, 2}, {SlowDisk, 1, 3}, {ReadError, 1, 6}, {WriteError, 1, 6}, {Clock, 1, 4}, {Rot, 1, 12},
	}},
	{Name: "calm"},
	{Name: "crash", Families: []Chance{{Crash, 1, 1}}},
	{Name: "network", Families: []Chance{{Net, 1, 1}}},
	{Name: "disk", Families: []Chance{{Crash, 1, 1}, {SlowDisk, 1, 2}, {ReadError, 1, 2}, {WriteError, 1, 2}}},
	{Name: "rot", Families: []Chance{{Crash, 1, 1}, {Rot, 1, 1}}},
}

// Profiles are the names of the profiles, the default first.
func Profiles() []string {
	var names []string
	for i := range profiles {
		names = append(names, profiles[i].Name)
	}
	return names
}

// ProfileByName finds a profile; the empty name is the default.
func ProfileByName(name string) (Profile, bool) {
	if name == "" {
		return profiles[0], true
	}
	for i := range profiles {
		if profiles[i].Name == name {
			return profiles[i], true
		}
	}
	return Profile{}, false
}

// Drawn are the families that are on for seed.
func (p *Profile) Drawn(seed uint64) []Family {
	var on []Family
	for i, c := range p.Families {
		if NewRand(seed, StreamShape, uint64(i)).At(0)%c.Den < c.Num {
			on = append(on, c.Family)
		}
	}
	return on
}
