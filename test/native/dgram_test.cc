// Exports internal functions of the C core to mocha. Only for tests.

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <napi.h>
#include <uv.h>

extern "C" {
#include "core/address.h"
#include "core/batch.h"
#include "core/env.h"
#include "core/held.h"
#include "core/inbox.h"
#include "core/sends.h"
#include "core/socket.h"
#include "transport/linux/segment_group.h"
#include "transport/transport.h"
}

namespace {

using Napi::CallbackInfo;
using Napi::Number;
using Napi::Object;

uv_loop_t* LoopOf(Napi::Env env) {
  uv_loop_t* loop = nullptr;
  napi_get_uv_event_loop(env, &loop);
  return loop;
}

Object Describe(Napi::Env env, const sockaddr* address) {
  dgram_source_text_t text;
  // Makes fields visible that dgram_address_describe() does not set.
  memset(&text, 0x55, sizeof(text));
  dgram_address_describe(address, &text);
  Object out = Object::New(env);
  out["family"] = Number::New(env, text.family);
  out["port"] = Number::New(env, text.port);
  out["error"] = Number::New(env, text.error);
  out["text"] = Napi::String::New(env, text.text, text.length);
  return out;
}

// Reads an address from {family, text, port, scope, flow, padding, raw}. `raw`
// is a family without a text form.
dgram_address_t ReadAddress(const Object& from, int* rc) {
  dgram_address_t address;
  auto number = [&from](const char* name) -> uint32_t {
    return from.Has(name) ? from.Get(name).ToNumber().Uint32Value() : 0;
  };
  *rc = 0;
  if (from.Has("raw")) {
    memset(&address, 0, sizeof(address));
    address.any.sa_family = static_cast<uint16_t>(number("raw"));
    return address;
  }
  std::string text = from.Get("text").ToString();
  *rc = dgram_address_parse(&address,
                            from.Get("family").ToNumber(),
                            text.c_str(),
                            static_cast<uint16_t>(number("port")));
  if (address.any.sa_family == AF_INET6) {
    if (from.Has("scope"))
      address.in6.sin6_scope_id = number("scope");
    address.in6.sin6_flowinfo = number("flow");
  } else if (from.Has("padding")) {
    memset(address.in4.sin_zero,
           static_cast<int>(number("padding")),
           sizeof(address.in4.sin_zero));
  }
  return address;
}

// parse({family, text, port}) -> {code, family, port, error, text}
Napi::Value Parse(const CallbackInfo& info) {
  int rc;
  dgram_address_t address = ReadAddress(info[0].As<Object>(), &rc);
  Object out = Describe(info.Env(), &address.any);
  out["code"] = Number::New(info.Env(), rc);
  out["blank"] =
      Napi::Boolean::New(info.Env(), address.any.sa_family == AF_UNSPEC);
  out["zone"] =
      Napi::Boolean::New(info.Env(), dgram_address_has_zone(&address.any));
  return out;
}

class Sources : public Napi::ObjectWrap<Sources> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env,
                       "Sources",
                       {
                           InstanceMethod<&Sources::Find>("find"),
                           InstanceMethod<&Sources::Forget>("forget"),
                       });
  }

  explicit Sources(const CallbackInfo& info)
      : Napi::ObjectWrap<Sources>(info) {}

  ~Sources() { dgram_sources_free(&sources_); }

 private:
  // find(address) -> {slot, isNew}
  Napi::Value Find(const CallbackInfo& info) {
    int rc;
    bool is_new = false;
    dgram_address_t address = ReadAddress(info[0].As<Object>(), &rc);
    uint32_t slot = dgram_sources_find(&sources_, &address.any, &is_new);
    Object out = Object::New(info.Env());
    out["slot"] = Number::New(info.Env(), slot);
    out["isNew"] = Napi::Boolean::New(info.Env(), is_new);
    return out;
  }

  // forget(slot)
  void Forget(const CallbackInfo& info) {
    dgram_sources_forget(&sources_, info[0].ToNumber());
  }

  dgram_sources_t sources_ = {};
};

// An environment with a transport that only records its calls.
class TestEnv : public Napi::ObjectWrap<TestEnv> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env,
                       "Env",
                       {
                           InstanceMethod<&TestEnv::Add>("add"),
                           InstanceMethod<&TestEnv::Close>("close"),
                           InstanceMethod<&TestEnv::Remove>("remove"),
                           InstanceMethod<&TestEnv::Start>("start"),
                           InstanceMethod<&TestEnv::Stop>("stop"),
                           InstanceMethod<&TestEnv::SetPeer>("setDestination"),
                           InstanceMethod<&TestEnv::SetSettings>("setSettings"),
                           InstanceMethod<&TestEnv::Flush>("flush"),
                           InstanceMethod<&TestEnv::Deliver>("deliver"),
                           InstanceMethod<&TestEnv::Acquire>("acquire"),
                           InstanceMethod<&TestEnv::End>("end"),
                           InstanceMethod<&TestEnv::UvReceived>("uvReceived"),
                           InstanceMethod<&TestEnv::State>("state"),
                       });
  }

  explicit TestEnv(const CallbackInfo& info) : Napi::ObjectWrap<TestEnv>(info) {
    dgram_env_init(&core_, LoopOf(info.Env()));
    core_.transport = &kTransport;
    core_.data = this;
    core_.acquire = OnAcquire;
    core_.deliver = OnDeliver;
  }

  ~TestEnv() override {
    for (dgram_socket_t* socket : made_) {
      dgram_stats_close(socket);
      free(socket);
    }
    dgram_env_free(&core_);
  }

 private:
  static const dgram_transport_t kTransport;

  static TestEnv* Of(const dgram_socket_t* socket) {
    return static_cast<TestEnv*>(socket->env->data);
  }

  static int OnStart(dgram_socket_t* socket) {
    Of(socket)->started_.push_back(socket->id);
    return 0;
  }

  static uint32_t OnFlush(dgram_socket_t* socket,
                          dgram_send_t* sends,
                          uint32_t count,
                          const uint8_t* arena) {
    TestEnv* self = Of(socket);
    std::string text;
    uint32_t queued = 0;
    for (uint32_t i = 0; i < count; i++) {
      text.append(reinterpret_cast<const char*>(arena) + sends[i].offset,
                  sends[i].length);
      text.push_back('@');
      text.append(std::to_string(sends[i].destination));
      text.push_back(' ');
      sends[i].status = static_cast<int32_t>(sends[i].length);
      if (sends[i].ticket == 13) {
        sends[i].status = UV_EPERM;
      } else if (sends[i].ticket == 77) {
        sends[i].status = DGRAM_QUEUED;
        queued++;
      }
    }
    self->flushed_.push_back({socket->id, text});
    return queued;
  }

  static bool OnAcquire(dgram_env_t* core, dgram_inbox_t* inbox) {
    TestEnv* self = static_cast<TestEnv*>(core->data);
    dgram_inbox_head_t* head = &self->heads_[inbox - core->inboxes];
    inbox->cursor = &head->cursor;
    inbox->gro_buffers = head->gro_buffers;
    inbox->texts = head->texts;
    inbox->infos = head->infos;
    inbox->local_texts = head->local_texts;
    inbox->recv_buffer = self->memory_.data();
    return true;
  }

  // Calls the listener with the GRO buffers that remain. It returns how many it
  // takes, true for all of them, or false to drop the batch.
  static dgram_delivery_t OnDeliver(dgram_inbox_t* inbox,
                                    dgram_iteration_t* iteration) {
    TestEnv* self = Of(inbox->socket);
    Napi::Env env = self->Env();
    Napi::HandleScope scope(env);
    Napi::Array buffers = Napi::Array::New(env);
    for (uint32_t i = inbox->cursor->gro_buffer; i < inbox->count; i++) {
      const dgram_recv_t& buffer = inbox->gro_buffers[i];
      Object out = Object::New(env);
      out["offset"] = Number::New(env, buffer.offset);
      out["length"] = Number::New(env, buffer.length);
      out["segment"] = Number::New(env, buffer.segment);
      out["peer"] = Number::New(env, buffer.source);
      out["newText"] = Number::New(env, buffer.new_text);
      out["status"] = Number::New(env, buffer.status);
      if (buffer.new_text > 0) {
        const dgram_source_text_t& text = inbox->texts[buffer.new_text - 1];
        out["text"] = Napi::String::New(env, text.text, text.length);
        out["port"] = Number::New(env, text.port);
      }
      buffers[buffers.Length()] = out;
    }
    Napi::Value taken = self->listener_.Call({buffers});
    if (!taken.ToBoolean())
      return DGRAM_DROPPED;
    if (inbox->socket->holds) // Stop() has set the cursor
      return DGRAM_DELIVERED;
    inbox->cursor->gro_buffer =
        taken.IsNumber()
            ? inbox->cursor->gro_buffer + taken.ToNumber().Uint32Value()
            : inbox->count;
    dgram_iteration_count(iteration, dgram_inbox_count_delivered(inbox));
    return inbox->cursor->gro_buffer < inbox->count ? DGRAM_PAUSED
                                                    : DGRAM_DELIVERED;
  }

  dgram_socket_t* Socket(const CallbackInfo& info) {
    return dgram_env_socket(&core_, info[0].ToNumber().Uint32Value());
  }

  Napi::Value Add(const CallbackInfo& info) {
    auto* socket =
        static_cast<dgram_socket_t*>(calloc(1, sizeof(dgram_socket_t)));
    socket->env = &core_;
    socket->block = DGRAM_ITERATION_DATAGRAMS;
    made_.push_back(socket);
    int rc = dgram_env_add_socket(&core_, socket);
    return Number::New(info.Env(), rc == 0 ? socket->id : rc);
  }

  void Close(const CallbackInfo& info) {
    dgram_socket_t* socket = Socket(info);
    socket->closing = true;
    dgram_held_drop(&core_, socket);
    dgram_delivery_update(&core_, socket);
  }
  void Start(const CallbackInfo& info) {
    Socket(info)->reading = true;
    dgram_delivery_update(&core_, Socket(info));
  }
  // stop(id, taken): after `taken` GRO buffers of the batch
  void Stop(const CallbackInfo& info) {
    dgram_socket_t* socket = Socket(info);
    socket->reading = false;
    if (socket->inbox != nullptr)
      socket->inbox->cursor->gro_buffer += info[1].ToNumber().Uint32Value();
    dgram_delivery_hold(&core_, socket);
    dgram_delivery_update(&core_, socket);
  }

  void Remove(const CallbackInfo& info) {
    dgram_env_remove_socket(&core_, Socket(info));
  }

  // setDestination(slot, family, text, port) -> code
  Napi::Value SetPeer(const CallbackInfo& info) {
    std::string text = info[2].ToString();
    return Number::New(
        info.Env(),
        dgram_destinations_set(
            &core_,
            info[0].ToNumber(),
            info[1].ToNumber(),
            text.c_str(),
            static_cast<uint16_t>(info[3].ToNumber().Uint32Value())));
  }

  // setSettings(slot, family, localAddress, interfaceName) -> code
  Napi::Value SetSettings(const CallbackInfo& info) {
    std::string local = info[2].ToString();
    std::string name = info[3].ToString();
    dgram_send_settings_text_t text{};
    text.family = info[1].ToNumber();
    text.local_address = local.c_str();
    text.interface_name = name.empty() ? nullptr : name.c_str();
    text.tos = text.ttl = DGRAM_SETTING_UNSET;
    return Number::New(
        info.Env(), dgram_send_settings_set(&core_, info[0].ToNumber(), &text));
  }

  // flush(sends: Uint32Array, count, arena: Uint8Array)
  //   -> {queued, calls: [[id, text], ...]}
  Napi::Value Flush(const CallbackInfo& info) {
    auto sends = info[0].As<Napi::Uint32Array>();
    auto arena = info[2].As<Napi::Uint8Array>();
    flushed_.clear();
    uint32_t queued =
        dgram_sends_flush(&core_,
                          reinterpret_cast<dgram_send_t*>(sends.Data()),
                          info[1].ToNumber(),
                          arena.Data(),
                          arena.ByteLength());
    Object out = Object::New(info.Env());
    Napi::Array calls = Napi::Array::New(info.Env());
    for (const auto& call : flushed_) {
      Napi::Array pair = Napi::Array::New(info.Env());
      pair[0u] = Number::New(info.Env(), call.id);
      pair[1u] = Napi::String::New(info.Env(), call.text);
      calls[calls.Length()] = pair;
    }
    out["queued"] = Number::New(info.Env(), queued);
    out["calls"] = calls;
    return out;
  }

  // deliver(id, buffers: [{length, segment, status, ...address}], listener)
  void Deliver(const CallbackInfo& info) {
    dgram_socket_t* socket = Socket(info);
    auto buffers = info[1].As<Napi::Array>();
    listener_ = Napi::Persistent(info[2].As<Napi::Function>());
    dgram_iteration_t iteration{};
    if (!dgram_inbox_acquire(&core_, socket))
      return;
    for (uint32_t i = 0; i < buffers.Length(); i++) {
      int rc;
      Object buffer = buffers.Get(i).As<Object>();
      int status = buffer.Get("status").ToNumber();
      dgram_address_t address{};
      if (status == 0)
        address = ReadAddress(buffer, &rc);
      dgram_inbox_append(&core_,
                         i * DGRAM_RECV_SLOT_SIZE,
                         buffer.Get("length").ToNumber(),
                         buffer.Get("segment").ToNumber(),
                         status == 0 ? &address.any : nullptr,
                         status);
    }
    dgram_delivery_start(&core_, socket, &iteration);
  }

  // acquire(id) -> whether an inbox was acquired
  Napi::Value Acquire(const CallbackInfo& info) {
    return Napi::Boolean::New(info.Env(),
                              dgram_inbox_acquire(&core_, Socket(info)));
  }

  // uvReceived(nread, withBuffer, listener) -> code. Calls the receive callback
  // of the uv transport as libuv does. libuv 1.52 may pass an error as a
  // length, if the descriptor has IP_RECVERR.
  Napi::Value UvReceived(const CallbackInfo& info) {
    listener_ = Napi::Persistent(info[2].As<Napi::Function>());
    core_.transport = &dgram_transport_uv;
    dgram_socket_t* socket;
    dgram_socket_new(&core_, &socket);
    dgram_socket_bind_any(socket, AF_INET);
    int rc = dgram_socket_start(socket);
    uv_buf_t buf = uv_buf_init(nullptr, 0);
    if (info[1].ToBoolean())
      socket->udp.alloc_cb(
          reinterpret_cast<uv_handle_t*>(&socket->udp), 65536, &buf);
    socket->udp.recv_cb(&socket->udp,
                        static_cast<ssize_t>(info[0].ToNumber().Int64Value()),
                        &buf,
                        nullptr,
                        0);
    dgram_env_remove_socket(&core_, socket);
    dgram_stats_close(socket);
    uv_close(reinterpret_cast<uv_handle_t*>(&socket->udp),
             [](uv_handle_t* handle) { free(handle); });
    return Number::New(info.Env(), rc);
  }

  // Closes the handles of the environment.
  void End(const CallbackInfo&) {
    core_.idle = [](dgram_env_t*) {};
    core_.sockets_size = 0;
    dgram_env_close(&core_);
  }

  Napi::Value State(const CallbackInfo& info) {
    Object out = Object::New(info.Env());
    Napi::Array started = Napi::Array::New(info.Env());
    for (uint32_t id : started_)
      started[started.Length()] = Number::New(info.Env(), id);
    auto number = [&](const char* name, double value) {
      out[name] = Number::New(info.Env(), value);
    };
    number("open", core_.sockets_open);
    number("created", static_cast<double>(core_.created));
    number("sent", static_cast<double>(core_.sent));
    number("received", static_cast<double>(core_.received));
    number("count", core_.inboxes[0].count);
    number("texts", core_.inboxes[0].texts_count);
    number("used", 0);
    for (uint32_t i = 0; i < core_.inboxes_count; i++)
      if (core_.inboxes[i].socket != nullptr)
        number("used", i + 1);
    out["readDeferred"] = Napi::Boolean::New(info.Env(), core_.read_deferred);
    out["started"] = started;
    return out;
  }

  struct Call {
    uint32_t id;
    std::string text;
  };

  dgram_env_t core_;
  dgram_inbox_head_t heads_[DGRAM_INBOXES];
  std::vector<uint8_t> memory_ = std::vector<uint8_t>(DGRAM_RECV_BUFFER_SIZE);
  std::vector<dgram_socket_t*> made_;
  std::vector<uint32_t> started_;
  std::vector<Call> flushed_;
  Napi::FunctionReference listener_;
};

const dgram_transport_t TestEnv::kTransport = [] {
  dgram_transport_t transport{};
  transport.name = "recorder";
  transport.features = [](const dgram_env_t*) {
    dgram_features_t features{};
    features.send_settings = true;
    return features;
  };
  transport.start = OnStart;
  transport.flush = OnFlush;
  transport.queue_size = [](const dgram_socket_t*) { return size_t{0}; };
  return transport;
}();

// The layout of batch.h, computed without the macros of the addon.
Napi::Value Layout(const CallbackInfo& info) {
  Object out = Object::New(info.Env());
  auto number = [&](const char* name, double value) {
    out[name] = Number::New(info.Env(), value);
  };
  number("SEND_WORDS", sizeof(dgram_send_t) / 4.0);
  number("SEND_SOCKET", offsetof(dgram_send_t, socket) / 4.0);
  number("SEND_DESTINATION", offsetof(dgram_send_t, destination) / 4.0);
  number("SEND_SETTINGS", offsetof(dgram_send_t, settings) / 4.0);
  number("SEND_OFFSET", offsetof(dgram_send_t, offset) / 4.0);
  number("SEND_LENGTH", offsetof(dgram_send_t, length) / 4.0);
  number("SEND_TICKET", offsetof(dgram_send_t, ticket) / 4.0);
  number("SEND_STATUS", offsetof(dgram_send_t, status) / 4.0);
  number("QUEUED", DGRAM_QUEUED);
  number("EMITTED", DGRAM_EMITTED);
  number("BATCH_SENDS", DGRAM_BATCH_SENDS);
  number("BATCH_ARENA", DGRAM_BATCH_ARENA);
  const double state = DGRAM_BATCH_SENDS * sizeof(dgram_send_t) / 4.0;
  number("BATCH_PENDING", state + offsetof(dgram_batch_state_t, pending) / 4.0);
  number("BATCH_CALLBACKS_DUE",
         state + offsetof(dgram_batch_state_t, callbacks_due) / 4.0);
  number("BATCH_DEFERRED",
         state + offsetof(dgram_batch_state_t, deferred) / 4.0);
  number("BATCH_SENT", DGRAM_BATCH_SENT);
  number("DATAGRAM_MAX", DGRAM_DATAGRAM_MAX);
  number("RECV_WORDS", sizeof(dgram_recv_t) / 4.0);
  number("RECV_OFFSET", offsetof(dgram_recv_t, offset) / 4.0);
  number("RECV_LENGTH", offsetof(dgram_recv_t, length) / 4.0);
  number("RECV_SEGMENT", offsetof(dgram_recv_t, segment) / 4.0);
  number("RECV_SOURCE", offsetof(dgram_recv_t, source) / 4.0);
  number("RECV_NEW_TEXT", offsetof(dgram_recv_t, new_text) / 4.0);
  number("RECV_STATUS", offsetof(dgram_recv_t, status) / 4.0);
  number("INFO_WORDS", sizeof(dgram_recv_info_t) / 4.0);
  number("INFO_PRESENT", offsetof(dgram_recv_info_t, present) / 4.0);
  number("INFO_LOCAL_ADDRESS",
         offsetof(dgram_recv_info_t, local_address) / 4.0);
  number("INFO_NEW_TEXT", offsetof(dgram_recv_info_t, new_text) / 4.0);
  number("INFO_INTERFACE_INDEX",
         offsetof(dgram_recv_info_t, interface_index) / 4.0);
  number("INFO_TOS", offsetof(dgram_recv_info_t, tos) / 4.0);
  number("INFO_TTL", offsetof(dgram_recv_info_t, ttl) / 4.0);
  number("INFO_TIMESTAMP", offsetof(dgram_recv_info_t, timestamp) / 4.0);
  number("HAS_LOCAL_ADDRESS", DGRAM_INFO_LOCAL_ADDRESS);
  number("HAS_INTERFACE", DGRAM_INFO_INTERFACE);
  number("HAS_TOS", DGRAM_INFO_TOS);
  number("HAS_TTL", DGRAM_INFO_TTL);
  number("HAS_TIMESTAMP", DGRAM_INFO_TIMESTAMP);
  number("HAS_CREDENTIALS", DGRAM_INFO_CREDENTIALS);
  number("FAMILY_UNIX", DGRAM_FAMILY_UNIX);
  number("TEXT_BYTES", sizeof(dgram_source_text_t));
  number("TEXT_FAMILY", offsetof(dgram_source_text_t, family) / 4.0);
  number("TEXT_PORT", offsetof(dgram_source_text_t, port) / 4.0);
  number("TEXT_LENGTH", offsetof(dgram_source_text_t, length) / 4.0);
  number("TEXT_ERROR", offsetof(dgram_source_text_t, error) / 4.0);
  number("TEXT_TEXT", offsetof(dgram_source_text_t, text));
  number("CURSOR_WORDS", sizeof(dgram_cursor_t) / 4.0);
  number("CURSOR_GRO_BUFFER", offsetof(dgram_cursor_t, gro_buffer) / 4.0);
  number("CURSOR_POSITION", offsetof(dgram_cursor_t, position) / 4.0);
  number("CURSOR_COUNT", offsetof(dgram_cursor_t, count) / 4.0);
  number("CURSOR_BUDGET", offsetof(dgram_cursor_t, budget) / 4.0);
  number("CURSOR_BLOCK", offsetof(dgram_cursor_t, block) / 4.0);
  number("CURSOR_STEPS", offsetof(dgram_cursor_t, steps) / 4.0);
  number("INBOX_GRO_BUFFERS", offsetof(dgram_inbox_head_t, gro_buffers));
  number("INBOX_TEXTS", offsetof(dgram_inbox_head_t, texts));
  number("INBOX_INFOS", offsetof(dgram_inbox_head_t, infos));
  number("INBOX_LOCAL_TEXTS", offsetof(dgram_inbox_head_t, local_texts));
  number("INBOX_RECV_BUFFER", DGRAM_INBOX_RECV_BUFFER);
  number("INBOXES", DGRAM_INBOXES);
  number("RECV_GRO_BUFFERS", DGRAM_RECV_GRO_BUFFERS);
  number("RECV_SLOTS", DGRAM_RECV_SLOTS);
  number("RECV_BUFFER_SIZE", DGRAM_RECV_BUFFER_SIZE);
  number("DESTINATIONS_MAX", DGRAM_DESTINATIONS_MAX);
  number("SETTINGS_MAX", DGRAM_SEND_SETTINGS_MAX);
  number("SOURCES_MAX", DGRAM_SOURCES_MAX);
  number("SOCKETS_MAX", DGRAM_SOCKETS_MAX);
  return out;
}

// segmentGroupLength([{length, peer, offset[, settings]}, ...], segmentMax,
// bytesMax)
Napi::Value SegmentGroupLength(const CallbackInfo& info) {
  auto list = info[0].As<Napi::Array>();
  std::vector<dgram_send_t> sends(list.Length());
  for (uint32_t i = 0; i < list.Length(); i++) {
    Object from = list.Get(i).As<Object>();
    sends[i].length = from.Get("length").ToNumber();
    sends[i].destination = from.Get("peer").ToNumber();
    if (from.Has("settings"))
      sends[i].settings = from.Get("settings").ToNumber();
    sends[i].offset = from.Get("offset").ToNumber();
  }
  return Number::New(
      info.Env(),
      dgram_segment_group_length(
          sends.data(), list.Length(), info[1].ToNumber(), info[2].ToNumber()));
}

// Runs one event loop iteration, like addons that make an asynchronous call
// synchronous. runLoop(true) blocks until there is an event.
void RunLoop(const CallbackInfo& info) {
  uv_run(LoopOf(info.Env()), info[0].ToBoolean() ? UV_RUN_ONCE : UV_RUN_NOWAIT);
}

Object Init(Napi::Env env, Object exports) {
  exports["parse"] = Napi::Function::New(env, Parse);
  exports["layout"] = Napi::Function::New(env, Layout);
  exports["segmentGroupLength"] = Napi::Function::New(env, SegmentGroupLength);
  exports["runLoop"] = Napi::Function::New(env, RunLoop);
  exports["Sources"] = Sources::Define(env);
  exports["Env"] = TestEnv::Define(env);
  return exports;
}

}  // namespace

NODE_API_MODULE(dgram_test, Init)
