package record

import (
	"encoding/binary"

	"github.com/highwater-log/highwater/core/event"
)

// Types of control records (Kafka's ControlRecordType).
const (
	ControlAbort        int16 = 0
	ControlCommit       int16 = 1
	ControlLeaderChange int16 = 2
)

// ControlType is the type that the key of a control record carries: int16 version, int16 type.
func ControlType(key []byte) (controlType int16, ok bool) {
	if len(key) < 4 {
		return 0, false
	}
	return int16(binary.BigEndian.Uint16(key[2:])), true
}

// LeaderChange makes the control batch that opens a leader's epoch of the metadata log: one record, key version 0 of
// type 2, value Kafka's LeaderChangeMessage version 0. The time is in milliseconds. Source: KIP-595.
func LeaderChange(base int64, epoch int32, ms int64, leader event.NodeID, voters, granting []event.NodeID) Batch {
	key := binary.BigEndian.AppendUint16(nil, 0)
	key = binary.BigEndian.AppendUint16(key, uint16(ControlLeaderChange))

	value := binary.BigEndian.AppendUint16(nil, 0)
	value = binary.BigEndian.AppendUint32(value, uint32(leader))
	value = appendVoters(value, voters)
	value = appendVoters(value, granting)
	value = append(value, 0) // no tagged fields

	w := NewBuilder()
	w.BaseOffset, w.LeaderEpoch, w.Control = base, epoch, true
	w.Add(ms, key, value)
	return w.Build()
}

// appendVoters appends a compact array of voters, each its id and no tagged fields.
func appendVoters(dst []byte, voters []event.NodeID) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(voters))+1)
	for _, v := range voters {
		dst = binary.BigEndian.AppendUint32(dst, uint32(v))
		dst = append(dst, 0)
	}
	return dst
}
