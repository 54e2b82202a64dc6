/** sarama has the places, names and structs of the real one: a consumer's own goroutine feeds a channel, which the program receives from. */
export const sarama = `package sarama

import (
	"context"
	"sync"
	"time"
)

type RecordHeader struct {
	Key   []byte
	Value []byte
}

type ConsumerMessage struct {
	Headers        []*RecordHeader
	Timestamp      time.Time
	BlockTimestamp time.Time

	Key, Value []byte
	Topic      string
	Partition  int32
	Offset     int64
}

type Client interface{ Close() error }

type ConsumerGroupSession interface {
	MarkMessage(msg *ConsumerMessage, metadata string)
	Context() context.Context
}

type ConsumerGroupClaim interface{ Messages() <-chan *ConsumerMessage }

type ConsumerGroupHandler interface {
	ConsumeClaim(ConsumerGroupSession, ConsumerGroupClaim) error
}

type consumerGroup struct {
	client   Client
	config   *int
	consumer Client
	groupID  string
	lock     sync.Mutex
}

type consumerGroupSession struct {
	parent   *consumerGroup
	memberID string
	marked   int64
}

func (s *consumerGroupSession) Context() context.Context { return context.Background() }

//go:noinline
func (s *consumerGroupSession) MarkMessage(msg *ConsumerMessage, metadata string) {
	s.parent.lock.Lock()
	defer s.parent.lock.Unlock()
	s.marked = msg.Offset + 1
}

type ConsumerError struct{ Err error }

type partitionConsumer struct {
	messages chan *ConsumerMessage
	errors   chan *ConsumerError
	feeder   chan *ConsumerMessage
}

func (child *partitionConsumer) Messages() <-chan *ConsumerMessage { return child.messages }

func (child *partitionConsumer) responseFeeder() {
	for message := range child.feeder {
		child.messages <- message
	}
}

// Consume stands for a group's: it gives where to deliver what the broker has.
func Consume(group string, handler ConsumerGroupHandler) chan<- *ConsumerMessage {
	child := &partitionConsumer{make(chan *ConsumerMessage, 8), make(chan *ConsumerError), make(chan *ConsumerMessage)}
	go child.responseFeeder()
	go handler.ConsumeClaim(&consumerGroupSession{parent: &consumerGroup{groupID: group}}, child)
	return child.feeder
}
`;

/** receiver takes messages by sarama in all the ways that Go has to receive. */
export const receiver = `package main

import (
	"fmt"
	"net/http"
	"runtime"
	"time"

	"github.com/IBM/sarama"
)

type claims struct {
	how   string
	page  string
	jobs  chan *sarama.ConsumerMessage
	ticks chan int
	done  chan bool
}

// deep makes the stack grow; it shrinks again, and moves, when the garbage collector finds it waiting.
func deep(n int) int {
	var room [512]byte
	if n == 0 {
		return 0
	}
	return deep(n-1) + int(room[n%512])
}

func (c *claims) get() {
	answer, err := http.Get(c.page)
	if err != nil {
		panic(err)
	}
	answer.Body.Close()
}

func (c *claims) take(session sarama.ConsumerGroupSession, message *sarama.ConsumerMessage) {
	switch string(message.Value) {
	case "own":
		c.get()
	case "child":
		done := make(chan bool)
		go func() {
			c.get()
			done <- true
		}()
		<-done
	case "job":
		c.jobs <- message
		<-c.done
	}
	deep(64)
	session.MarkMessage(message, "")
}

func (c *claims) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	switch c.how {
	case "range":
		for message := range claim.Messages() {
			c.take(session, message)
		}
	case "value":
		for {
			c.take(session, <-claim.Messages())
		}
	case "select":
		for {
			select {
			case <-c.ticks:
			case message, ok := <-claim.Messages():
				if !ok {
					return nil
				}
				c.take(session, message)
			case <-session.Context().Done():
				return nil
			}
		}
	case "try":
		for {
			select {
			case message := <-claim.Messages():
				c.take(session, message)
			default:
				time.Sleep(20 * time.Millisecond)
			}
		}
	}
	return nil
}

func (c *claims) work() {
	for message := range c.jobs {
		if message.Offset > 0 {
			c.get()
		}
		c.done <- true
	}
}

// count receives what are no messages.
//
//go:noinline
func (c *claims) count(numbers <-chan int) {
	for range numbers {
	}
}

// handleTakes has a consumer for each way; what it is asked says which takes what.
func handleTakes(page string) {
	feeders := map[string]chan<- *sarama.ConsumerMessage{}
	others := map[string]*claims{}
	numbers := make(chan int)
	for _, how := range []string{"range", "value", "select", "try"} {
		c := &claims{how, page, make(chan *sarama.ConsumerMessage), make(chan int), make(chan bool)}
		go c.work()
		others[how] = c
		feeders[how] = sarama.Consume("shop", c)
	}
	go others["range"].count(numbers)
	var offset int64
	http.HandleFunc("/take", func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		how := query.Get("how")
		message := &sarama.ConsumerMessage{Topic: how, Partition: 3, Offset: 1<<40 + offset, Key: []byte("k1"), Value: []byte(query.Get("by"))}
		for i := range 12 {
			message.Headers = append(message.Headers, &sarama.RecordHeader{Key: []byte(fmt.Sprint("other-", i)), Value: []byte("x")})
		}
		if trace := query.Get("trace"); trace != "" {
			message.Headers = append(message.Headers, &sarama.RecordHeader{Key: []byte("traceparent"), Value: []byte(trace)})
		}
		offset++
		runtime.GC()
		runtime.GC()
		feeders[how] <- message
	})
	http.HandleFunc("/count", func(w http.ResponseWriter, r *http.Request) {
		for i := range 1000 {
			numbers <- i
		}
	})
	http.HandleFunc("/tick", func(w http.ResponseWriter, r *http.Request) { others["select"].ticks <- 1 })
}
`;
