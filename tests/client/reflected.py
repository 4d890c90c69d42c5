"""A client that knows nothing of the server's code: it learns services and messages through reflection."""

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.rpc import error_details_pb2, status_pb2
from grpc_reflection.v1alpha import reflection_pb2

DETAILS = {
    detail.DESCRIPTOR.full_name: detail
    for detail in (
        error_details_pb2.BadRequest,
        error_details_pb2.ErrorInfo,
        error_details_pb2.LocalizedMessage,
        error_details_pb2.PreconditionFailure,
        error_details_pb2.RetryInfo,
    )
}


class Refused(Exception):
    """A call that failed: its code and what `google.rpc` tells of it."""

    def __init__(self, error):
        super().__init__(f"{error.code().name}: {error.details()}")
        self._begin(error.code().name, error.details())
        for key, value in error.trailing_metadata() or ():
            if key == "grpc-status-details-bin":
                status = status_pb2.Status.FromString(value)
                assert status.code == error.code().value[0], "the details must repeat the code"
                self._read(status)

    @classmethod
    def answered(cls, status):
        """What an answer tells of one append of many: a `google.rpc.Status`, as the server describes it."""
        status = status_pb2.Status.FromString(status.SerializeToString())
        refused = cls.__new__(cls)
        refused._begin(next(code.name for code in grpc.StatusCode if code.value[0] == status.code), status.message)
        refused._read(status)
        return refused

    def _begin(self, code, message):
        self.code, self.message = code, message
        self.info = self.bad_request = self.precondition = self.localized = self.retry = None

    def _read(self, status):
        for packed in status.details:
            detail = DETAILS[packed.TypeName()]()
            assert packed.Unpack(detail)
            name = {
                "ErrorInfo": "info",
                "BadRequest": "bad_request",
                "PreconditionFailure": "precondition",
                "LocalizedMessage": "localized",
                "RetryInfo": "retry",
            }[type(detail).__name__]
            setattr(self, name, detail)

    @property
    def reason(self):
        """The reason that programs match on."""
        return self.info.reason if self.info else None

    @property
    def fields(self):
        """Each field at fault with its reason."""
        return {v.field: v.reason for v in self.bad_request.field_violations} if self.bad_request else {}


class Descriptors:
    """A descriptor database that asks the server (grpc.reflection.v1; its messages are those of v1alpha)."""

    def __init__(self, channel):
        self._ask = channel.stream_stream(
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
            response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
        )
        self._files = {}

    def _answer(self, **query):
        return next(iter(self._ask(iter([reflection_pb2.ServerReflectionRequest(**query)]), timeout=20)))

    def services(self):
        """The full names of the services that the server has."""
        return [service.name for service in self._answer(list_services="").list_services_response.service]

    def _file(self, **query):
        response = self._answer(**query)
        for encoded in response.file_descriptor_response.file_descriptor_proto:
            file = descriptor_pb2.FileDescriptorProto.FromString(encoded)
            self._files[file.name] = file
        if response.HasField("error_response"):
            raise KeyError(str(query))
        # The first is the one asked for; what it imports may stand beside it.
        return descriptor_pb2.FileDescriptorProto.FromString(
            response.file_descriptor_response.file_descriptor_proto[0]
        )

    def FindFileByName(self, name):
        return self._files.get(name) or self._file(file_by_filename=name)

    def FindFileContainingSymbol(self, symbol):
        return self._file(file_containing_symbol=symbol)


class Api:
    """The services of one server. Requests are dictionaries in the JSON form of their messages."""

    def __init__(self, address):
        self.channel = grpc.insecure_channel(address)
        self.descriptors = Descriptors(self.channel)
        self._pool = descriptor_pool.DescriptorPool(self.descriptors)

    def close(self):
        self.channel.close()

    def _method(self, name):
        service, method = name.split(".")
        return self._pool.FindServiceByName(f"daicho.v1.{service}").methods_by_name[method]

    def _start(self, name, request, actor, language, timeout):
        method = self._method(name)
        parse = lambda sent: json_format.ParseDict(sent, message_factory.GetMessageClass(method.input_type)())
        message = map(parse, request) if method.client_streaming else parse(request)
        sides = {(False, False): "unary_unary", (False, True): "unary_stream", (True, True): "stream_stream"}
        kind = getattr(self.channel, sides[method.client_streaming, method.server_streaming])
        call = kind(
            f"/{method.containing_service.full_name}/{method.name}",
            request_serializer=lambda sent: sent.SerializeToString(),
            response_deserializer=message_factory.GetMessageClass(method.output_type).FromString,
        )
        metadata = []
        if actor is not None:
            metadata.append(("daicho-actor-bin", actor.encode()))
        if language is not None:
            metadata.append(("accept-language", language))
        return call(message, metadata=metadata, timeout=timeout)

    def call(self, name, request, actor="窓口 花子", language=None, timeout=30):
        """A unary call; raises Refused."""
        try:
            return self._start(name, request, actor, language, timeout)
        except grpc.RpcError as error:
            raise Refused(error) from None

    def stream(self, name, request, actor="窓口 花子", language=None, timeout=60):
        """A call that streams its answer; it can be cancelled. Where it streams its request too, that is an iterable."""
        return self._start(name, request, actor, language, timeout)

    def read(self, name, request, **options):
        """All messages of a stream that ends; raises Refused."""
        try:
            return list(self.stream(name, request, **options))
        except grpc.RpcError as error:
            raise Refused(error) from None
