package kafka

// kind is how a field lies on the wire.
type kind uint8

const (
	kindFixed        kind = iota // size bytes
	kindString                   // length and bytes; int16, or unsigned varint of length+1 if flexible
	kindNullString               // the same, or null
	kindNullBytes                // length and bytes, or null; int32, or unsigned varint of length+1 if flexible
	kindArray                    // count and elements; int32, or unsigned varint of count+1 if flexible
	kindNullArray                // the same, or null
	kindTaggedStruct             // a known tagged field: its value is a struct of its own
	kindTaggedString             // a known tagged field: its value is a nullable string
)

// field is one field of a request, as much of it as bounds need.
type field struct {
	kind     kind
	size     int // kindFixed: bytes
	from, to int16
	tag      uint32
	elem     []field
	// flat says that the elements of an array are bare values, without a tag section of their own.
	flat bool
	// cost is the memory that one element of an array takes once it is decoded, in bytes: kmsg's struct and the
	// core's together.
	cost int
}

// anyVersion is the upper end of a field that has not been removed.
const anyVersion = 1<<15 - 1

func fixed(size int) field          { return field{kind: kindFixed, size: size, to: anyVersion} }
func of(k kind) field               { return field{kind: k, to: anyVersion} }
func (f field) v(n int16) field     { f.from = n; return f }
func (f field) until(n int16) field { f.to = n; return f }

// list is an array of structs, flatList one of bare values.
func list(cost int, elem ...field) field {
	return field{kind: kindArray, to: anyVersion, cost: cost, elem: elem}
}

func flatList(cost int, elem field) field {
	return field{kind: kindArray, to: anyVersion, cost: cost, elem: []field{elem}, flat: true}
}

func (f field) nullable() field { f.kind = kindNullArray; return f }

func tagged(tag uint32, k kind, elem ...field) field {
	return field{kind: k, to: anyVersion, tag: tag, elem: elem}
}

// Shorthand of the table below.
var ( //pure:ok constants; Go has no constant structs
	i8      = fixed(1)
	i16     = fixed(2)
	i32     = fixed(4)
	i64     = fixed(8)
	uuid    = fixed(16)
	str     = of(kindString)
	nullStr = of(kindNullString)
	nullRaw = of(kindNullBytes)
)

// schema is the layout of one request in all versions that are served.
type schema struct {
	key    Key
	fields []field
}

// schemas are the requests of the version table, after Kafka's message definitions. A test holds them against kmsg in
// every version: field by field in size, and in the cost of each element.
var schemas = [...]schema{ //pure:ok constant table; Go has no constant arrays
	{KeyProduce, []field{
		nullStr, // transactional id
		i16, i32,
		list(72, str.until(12), uuid.v(13), list(200, i32, nullRaw)),
	}},
	{KeyFetch, []field{
		i32.until(14), // replica id
		i32, i32, i32, i8, i32.v(7), i32.v(7),
		list(72, str.until(12), uuid.v(13), list(136,
			i32, i32.v(9), i64, i32.v(12), i64.v(5), i32,
			tagged(0, kindTaggedStruct, uuid).v(12), tagged(1, kindTaggedStruct, i64).v(12),
		)),
		list(72, str.until(12), uuid.v(13), flatList(4, i32)).v(7), // forgotten topics
		str.v(11), // rack
		tagged(0, kindTaggedString).v(12),
		tagged(1, kindTaggedStruct, i32, i64).v(12),
	}},
	{KeyListOffsets, []field{
		i32, i8.v(2),
		list(56, str, list(88, i32, i32.v(4), i64)),
		i32.v(10),
	}},
	{KeyMetadata, []field{
		list(80, uuid.v(10), str.until(9), nullStr.v(10)).until(0),
		list(80, uuid.v(10), str.until(9), nullStr.v(10)).nullable().v(1),
		i8.v(4), i8.v(8).until(10), i8.v(8),
	}},
	{KeyFindCoordinator, []field{str.until(3), i8.v(1), flatList(32, str).v(4)}},
	{KeyAPIVersions, []field{str.v(3), str.v(3)}},
	{KeyCreateTopics, []field{
		list(176, str, i32, i16,
			list(72, i32, flatList(8, i32)),
			list(80, str, nullStr)),
		i32, i8,
	}},
	{KeyDeleteTopics, []field{
		flatList(144, str).until(5), // the answer included: server/api refuses names that are there twice
		list(80, nullStr, uuid).v(6),
		i32,
	}},
	{KeyDeleteRecords, []field{
		list(56, str, list(80, i32, i64)),
		i32,
	}},
	{KeyInitProducerID, []field{nullStr, i32, i64.v(3), i16.v(3)}},
	{KeyDescribeConfigs, []field{
		list(120, i8, str, flatList(16, str).nullable()),
		i8, i8.v(3),
	}},
	{KeyAlterConfigs, []field{
		list(128, i8, str, list(96, str, nullStr)),
		i8,
	}},
	{KeyCreatePartitions, []field{
		list(128, str, i32, list(64, flatList(8, i32)).nullable()),
		i32, i8,
	}},
	{KeyIncrementalAlterConfigs, []field{
		list(128, i8, str, list(96, str, i8, nullStr)),
		i8,
	}},
	{KeyDescribeCluster, []field{i8, i8.v(1), i8.v(2)}},
}

// schemaOf finds the layout of key's requests.
func schemaOf(key Key) []field {
	for i := range schemas {
		if schemas[i].key == key {
			return schemas[i].fields
		}
	}
	return nil
}

// in reports whether version has the field.
func (f *field) in(version int16) bool { return version >= f.from && version <= f.to }

// isTagged reports whether the field lies in the tag section.
func (f *field) isTagged() bool { return f.kind == kindTaggedStruct || f.kind == kindTaggedString }

// least is the fewest bytes that the field takes.
func (f *field) least(flexible bool) int {
	switch f.kind {
	case kindFixed:
		return f.size
	case kindString, kindNullString:
		if flexible {
			return 1
		}
		return 2
	case kindNullBytes, kindArray, kindNullArray:
		if flexible {
			return 1
		}
		return 4
	case kindTaggedStruct, kindTaggedString:
		return 0
	}
	return 0
}

// leastElem is the fewest bytes that one element of the array takes in version.
func (f *field) leastElem(version int16, flexible bool) int {
	n := 0
	for i := range f.elem {
		if e := &f.elem[i]; e.in(version) {
			n += e.least(flexible)
		}
	}
	if flexible && !f.flat {
		n++
	}
	return n
}
