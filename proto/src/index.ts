export {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
export * from "../gen/farmscope/alert/v1/alert_pb.ts";
export * from "../gen/farmscope/checkpoint/v1/checkpoint_pb.ts";
export * from "../gen/farmscope/control/v1/control_pb.ts";
export * from "../gen/farmscope/event/v1/dead_letter_pb.ts";
export * from "../gen/farmscope/event/v1/event_pb.ts";
export * from "../gen/farmscope/view/v1/view_pb.ts";
