"""The operations on video and sound."""

from filemill import Operation
from filemill_media.operations.compress import CompressMedia
from filemill_media.operations.extract_audio import ExtractAudio
from filemill_media.operations.info import MediaInfo
from filemill_media.operations.resize import ResizeVideo
from filemill_media.operations.thumbnail import VideoThumbnail
from filemill_media.operations.trim import TrimMedia

OPERATIONS: tuple[type[Operation], ...] = (
    VideoThumbnail,
    TrimMedia,
    ResizeVideo,
    CompressMedia,
    ExtractAudio,
    MediaInfo,
)
