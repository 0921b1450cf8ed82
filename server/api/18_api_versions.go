package api

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/highwater-log/highwater/core/event"
	"github.com/highwater-log/highwater/core/invariant"
	"github.com/highwater-log/highwater/net/kafka"
)

// ApiVersions (key 18), versions 0 to 4.
//
//	v0   the table
//	v1   throttle time
//	v2   no change in layout
//	v3   flexible; name and version of the client's software (KIP-511); features (KIP-584)
//	v4   features may begin at version 0
//
// Answered here, without the core. A version above these gets the answer of version 0 with UNSUPPORTED_VERSION and the
// range of this API, so that the client can ask again (KIP-511). The response header is version 0 always. No features
// are told, since none is there: a client that sees transaction.version would speak its protocol.
func apiVersions() handler {
	return handler{
		key:     kafka.KeyAPIVersions,
		request: func() kmsg.Request { return kmsg.NewPtrApiVersionsRequest() },
		decode:  decodeAPIVersions,
		encode: func(_ *API, p *Pending, reply event.Body) ([][]byte, bool) {
			invariant.Violated("A-2: a %T answers an ApiVersions request, which never left the edge", reply)
			return nil, false
		},
	}
}

func decodeAPIVersions(_ *API, p *Pending) (event.Body, kmsg.Response) {
	req := p.request.(*kmsg.ApiVersionsRequest)
	resp := response(p, kmsg.NewPtrApiVersionsResponse)
	if req.Version >= 3 && (!softwareName(req.ClientSoftwareName) || !softwareName(req.ClientSoftwareVersion)) {
		resp.ErrorCode = int16(event.CodeInvalidRequest)
		return nil, resp
	}
	resp.ApiKeys = make([]kmsg.ApiVersionsResponseApiKey, 0, len(kafka.APIs()))
	for _, row := range kafka.APIs() {
		resp.ApiKeys = append(resp.ApiKeys, versionRange(row))
	}
	return nil, resp
}

// downgrade answers a version that is not served.
func downgrade(h kafka.Header) []byte {
	resp := kmsg.NewPtrApiVersionsResponse()
	resp.ErrorCode = int16(event.CodeUnsupportedVersion)
	if row, ok := kafka.Lookup(kafka.KeyAPIVersions); ok {
		resp.ApiKeys = append(resp.ApiKeys, versionRange(row))
	}
	return kafka.Encode(h, resp, 64)
}

func versionRange(row kafka.API) kmsg.ApiVersionsResponseApiKey {
	k := kmsg.NewApiVersionsResponseApiKey()
	k.ApiKey, k.MinVersion, k.MaxVersion = int16(row.Key), row.Advertised, row.Max
	return k
}

// softwareName reports whether s is letters, digits, dots and dashes, and begins and ends with a letter or digit.
func softwareName(s string) bool {
	for i := range len(s) {
		inner := s[i] == '.' || s[i] == '-'
		if !alphanumeric(s[i]) && (!inner || i == 0 || i == len(s)-1) {
			return false
		}
	}
	return len(s) > 0
}

func alphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
