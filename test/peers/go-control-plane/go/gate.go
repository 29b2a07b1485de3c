package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"

	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
)

// event is what came from a client, or what became of its stream.
type event struct {
	// Stream counts from 1.
	Stream int `json:"stream"`
	// AtMillis counts from the start of this program.
	AtMillis int64 `json:"atMs"`
	// What is open, request or close.
	What   string `json:"what"`
	Method string `json:"method,omitempty"`
	Type   string `json:"type,omitempty"`
	// Version is that of the request; in delta there is none.
	Version     string            `json:"version,omitempty"`
	Nonce       string            `json:"nonce,omitempty"`
	Names       []string          `json:"names,omitempty"`
	Unsubscribe []string          `json:"unsubscribe,omitempty"`
	Initial     map[string]string `json:"initial,omitempty"`
	Error       string            `json:"error,omitempty"`
	Node        string            `json:"node,omitempty"`
}

// gate stands between the server and its clients: writes down what comes, holds and adds to what goes.
type gate struct {
	began time.Time

	mutex   sync.Mutex
	events  []event
	streams map[int]*gatedStream
	count   int
	held    []string
	broken  bool
}

func newGate() *gate {
	return &gate{began: time.Now(), streams: map[int]*gatedStream{}, events: []event{}}
}

// gatedStream is one stream of a client; messages go out under its own lock.
type gatedStream struct {
	grpc.ServerStream
	gate  *gate
	id    int
	delta bool
	ctx   context.Context
	end   context.CancelFunc
	types []string

	sending sync.Mutex
	waiting []proto.Message
}

func (g *gate) intercept(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	ctx, end := context.WithCancel(stream.Context())
	defer end()
	g.mutex.Lock()
	g.count++
	s := &gatedStream{ServerStream: stream, gate: g, id: g.count, ctx: ctx, end: end}
	s.delta = strings.Contains(info.FullMethod, "Delta")
	broken := g.broken
	g.write(event{Stream: s.id, What: "open", Method: info.FullMethod})
	if !broken {
		g.streams[s.id] = s
	}
	g.mutex.Unlock()
	if broken {
		return status.Error(codes.Unavailable, "broken by the test")
	}
	// go-control-plane looks at the connection only: the stream ends when this returns.
	ended := make(chan error, 1)
	go func() { ended <- handler(srv, s) }()
	var err error
	select {
	case err = <-ended:
	case <-ctx.Done():
	}
	g.mutex.Lock()
	delete(g.streams, s.id)
	g.write(event{Stream: s.id, What: "close"})
	g.mutex.Unlock()
	if err == nil && stream.Context().Err() == nil {
		return status.Error(codes.Unavailable, "dropped by the test")
	}
	return err
}

// write needs the lock.
func (g *gate) write(e event) {
	e.AtMillis = time.Since(g.began).Milliseconds()
	g.events = append(g.events, e)
}

func (g *gate) seen() []event {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	return slices.Clone(g.events)
}

// drop ends every stream.
func (g *gate) drop() {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	for _, s := range g.streams {
		s.end()
	}
}

// breakStreams ends every stream, and each new one as soon as it is opened.
func (g *gate) breakStreams(on bool) {
	g.mutex.Lock()
	g.broken = on
	g.mutex.Unlock()
	if on {
		g.drop()
	}
}

// hold keeps responses of these types back until they are released.
func (g *gate) hold(types []string) error {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.held = append(g.held, types...)
	return nil
}

func (g *gate) release(types []string) error {
	g.mutex.Lock()
	g.held = slices.DeleteFunc(g.held, func(each string) bool { return slices.Contains(types, each) })
	streams := g.open()
	g.mutex.Unlock()
	for _, s := range streams {
		if err := s.sendWaiting(types); err != nil {
			return err
		}
	}
	return nil
}

// open needs the lock.
func (g *gate) open() []*gatedStream {
	all := []*gatedStream{}
	for _, s := range g.streams {
		all = append(all, s)
	}
	return all
}

func (g *gate) holds(name string) bool {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	return slices.Contains(g.held, name)
}

func (g *gate) inject(r raw) error {
	g.mutex.Lock()
	streams := g.open()
	g.mutex.Unlock()
	sent := 0
	for _, s := range streams {
		if !s.asksFor(r.Type) {
			continue
		}
		message, err := r.message(s.delta)
		if err != nil {
			return err
		}
		if err := s.send(message); err != nil {
			return err
		}
		sent++
	}
	if sent == 0 {
		return fmt.Errorf("no stream asks for %s", r.Type)
	}
	return nil
}

func (s *gatedStream) asksFor(name string) bool {
	s.gate.mutex.Lock()
	defer s.gate.mutex.Unlock()
	return slices.Contains(s.types, name)
}

func (s *gatedStream) Context() context.Context { return s.ctx }

func (s *gatedStream) RecvMsg(m any) error {
	if err := s.ServerStream.RecvMsg(m); err != nil {
		return err
	}
	s.gate.mutex.Lock()
	defer s.gate.mutex.Unlock()
	e := event{Stream: s.id, What: "request"}
	switch request := m.(type) {
	case *discovery.DiscoveryRequest:
		e.Type, e.Version, e.Nonce = shortName(request.TypeUrl), request.VersionInfo, request.ResponseNonce
		e.Names, e.Error, e.Node = request.ResourceNames, request.GetErrorDetail().GetMessage(), request.GetNode().GetId()
	case *discovery.DeltaDiscoveryRequest:
		e.Type, e.Nonce, e.Initial = shortName(request.TypeUrl), request.ResponseNonce, request.InitialResourceVersions
		e.Names, e.Unsubscribe = request.ResourceNamesSubscribe, request.ResourceNamesUnsubscribe
		e.Error, e.Node = request.GetErrorDetail().GetMessage(), request.GetNode().GetId()
	}
	if !slices.Contains(s.types, e.Type) {
		s.types = append(s.types, e.Type)
	}
	s.gate.write(e)
	return nil
}

func (s *gatedStream) SendMsg(m any) error {
	message := m.(proto.Message)
	if s.gate.holds(typeOf(message)) {
		s.sending.Lock()
		defer s.sending.Unlock()
		s.waiting = append(s.waiting, message)
		return nil
	}
	return s.send(message)
}

func (s *gatedStream) send(message proto.Message) error {
	s.sending.Lock()
	defer s.sending.Unlock()
	return s.ServerStream.SendMsg(message)
}

func (s *gatedStream) sendWaiting(types []string) error {
	s.sending.Lock()
	defer s.sending.Unlock()
	left := []proto.Message{}
	for _, message := range s.waiting {
		if !slices.Contains(types, typeOf(message)) {
			left = append(left, message)
		} else if err := s.ServerStream.SendMsg(message); err != nil {
			return err
		}
	}
	s.waiting = left
	return nil
}

func typeOf(message proto.Message) string {
	return shortName(message.(interface{ GetTypeUrl() string }).GetTypeUrl())
}

// message is the response in one of the two variants.
func (r raw) message(delta bool) (proto.Message, error) {
	url := kinds[r.Type].url
	sotw := &discovery.DiscoveryResponse{TypeUrl: url, VersionInfo: r.Version, Nonce: r.Nonce}
	incremental := &discovery.DeltaDiscoveryResponse{
		TypeUrl: url, SystemVersionInfo: r.Version, Nonce: r.Nonce, RemovedResources: r.Removed,
	}
	for _, each := range r.Resources {
		content, err := each.any()
		if err != nil {
			return nil, err
		}
		version := each.Version
		if version == "" {
			version = r.Version
		}
		wrapped := &discovery.Resource{Name: each.Name, Version: version, Resource: content}
		if each.TTLMillis > 0 {
			wrapped.Ttl = durationpb.New(time.Duration(each.TTLMillis) * time.Millisecond)
		}
		if each.Heartbeat {
			wrapped.Resource = nil
		}
		incremental.Resources = append(incremental.Resources, wrapped)
		if each.TTLMillis > 0 || each.Heartbeat {
			if content, err = anypb.New(wrapped); err != nil {
				return nil, err
			}
		}
		sotw.Resources = append(sotw.Resources, content)
	}
	if r.PadBytes > 0 {
		padding := strings.Repeat("x", r.PadBytes)
		sotw.VersionInfo, incremental.SystemVersionInfo = padding, padding
	}
	if delta {
		return incremental, nil
	}
	return sotw, nil
}
